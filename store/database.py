"""Room store: the main database, SQLite by default, PostgreSQL across machines.

`transaction()` is the only way to write: on SQLite every one is BEGIN IMMEDIATE, so
two writers queue up instead of failing in the middle.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from store.base import Base
from store.connecting import DatabaseAway as DatabaseAway
from store.connecting import connect_options, prepare_sqlite, told_as_away
from store.direct import DRIVER as DIRECT


class Database:
    """One database and its connections. `url`: `sqlite:///path` or `postgresql://…`.

    `direct`: see `store/direct.py`; of PostgreSQL there is only one way.
    """

    def __init__(self, url: str, *, busy_seconds: float = 5.0, direct: bool = False) -> None:
        self.url = _with_driver(url, DIRECT if direct else "sqlite+aiosqlite")
        self._busy_seconds = busy_seconds
        self.engine: AsyncEngine = create_async_engine(
            self.url, **connect_options(self.url, busy_seconds)
        )
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            prepare_sqlite(self.engine)
        # SQLite lets waiting writers guess when to look again; within a process they queue.
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end, or rolls back on an error. `DatabaseAway`."""
        async with self._session({"sqlite_begin": "BEGIN IMMEDIATE"}, self._turn) as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, from one consistent state. `DatabaseAway`."""
        options: dict[str, Any] = {"sqlite_begin": "BEGIN"}
        if not self.is_sqlite:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        async with self._session(options, nullcontext()) as session:
            yield session

    @asynccontextmanager
    async def _session(
        self, options: dict[str, Any], turn: AbstractAsyncContextManager[None]
    ) -> AsyncIterator[AsyncSession]:
        with told_as_away():
            async with AsyncExitStack() as stack:
                yield await self._open(stack, options, turn)

    async def _open(
        self,
        stack: AsyncExitStack,
        options: dict[str, Any],
        turn: AbstractAsyncContextManager[None],
    ) -> AsyncSession:
        try:
            # A server that is stopped but not gone never answers; nobody waits for it.
            async with asyncio.timeout(self._busy_seconds + 1):
                await stack.enter_async_context(turn)
                plain = await stack.enter_async_context(self.engine.connect())
                connection = await plain.execution_options(**options)
                session = AsyncSession(bind=connection, expire_on_commit=False)
                await stack.enter_async_context(session)
                await session.connection()
        except OSError as error:
            raise DatabaseAway(str(error) or "no answer in time") from error
        return session

    async def create_all(self) -> None:
        """Make every table that is imported; for unit tests. Real installations migrate."""
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def migrate(self) -> None:
        """Bring the tables to this version of the program; two at once take turns."""
        # Here and not above: most who open a database do not migrate it.
        from store.migrating import migrate

        await migrate(self.url)

    async def close(self) -> None:
        await self.engine.dispose()

    def for_one_thread(self) -> "Database":
        """The same database, for a part that has a thread of its own."""
        return Database(self.url, busy_seconds=self._busy_seconds, direct=True)


def _with_driver(url: str, of_sqlite: str) -> str:
    parsed = make_url(url)
    driver = dict.fromkeys(("sqlite", "sqlite+aiosqlite"), of_sqlite)
    driver["postgresql"] = "postgresql+psycopg"
    name = driver.get(parsed.drivername, parsed.drivername)
    return parsed.set(drivername=name).render_as_string(hide_password=False)
