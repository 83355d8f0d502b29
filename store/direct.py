"""Room store: SQLite without a thread between, for a part that has a thread of its own.

aiosqlite hands each step of a statement to a thread and back, which costs more than the
statement itself. Whoever writes much, and may wait for a lock, does so in one thread
from beginning to end: `await Aside().run(work)`, with a `Database(url, direct=True)`
that nobody uses outside of it. `docs/adr/0027` has the numbers.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool

DRIVER = "sqlite+direct"

Result = TypeVar("Result")


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


class Aside:
    """One thread with an event loop of its own; what is run in it is run one after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._runner = asyncio.Runner()

    async def run(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """The result of `work`. Cancelled, what has begun goes on; the next one waits for it."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._runner.run(work())
        )

    async def close(self) -> None:
        """After what is being run."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._runner.close)
        self._thread.shutdown()
