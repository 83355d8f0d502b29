"""Room store: SQLite without a thread between, for a part that has a thread of its own.

aiosqlite hands each step of a statement to a thread and back, which costs more than the
statement itself. Whoever writes much, and may wait for a lock, does so in one thread from
beginning to end: see `store/aside.py`. `docs/adr/0027` has the numbers.
"""

import sqlite3
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool

DRIVER = "sqlite+direct"


class _Cursor(sqlite3.Cursor):
    """With what SQLAlchemy asks of a cursor under its asyncio interface."""

    server_side = False

    async def _async_soft_close(self) -> None:
        """Every row was fetched already."""


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


class DirectSqlite(SQLiteDialect_pysqlite):
    """The library's own SQLite dialect, usable by `AsyncSession`; it blocks its thread."""

    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return AsyncAdaptedQueuePool

    def connect(self, *args: Any, **options: Any) -> Any:
        return super().connect(*args, factory=_Connection, **options)


registry.register("sqlite.direct", __name__, DirectSqlite.__name__)
