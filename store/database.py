"""Room store: the main database, SQLite by default, PostgreSQL across machines.

`transaction()` is the only way to write: on SQLite every one is BEGIN IMMEDIATE, so
two writers queue up instead of failing in the middle.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from store.base import Base

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseAway(RuntimeError):
    """The database cannot be reached or is locked by somebody else; try again later."""


class Database:
    """One database and its connections. `url`: `sqlite:///path` or `postgresql://…`."""

    def __init__(self, url: str, *, busy_seconds: float = 5.0) -> None:
        self.url = _with_driver(url)
        self.engine: AsyncEngine = create_async_engine(
            self.url, **_connect_options(self.url, busy_seconds)
        )
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            _prepare_sqlite(self.engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end, or rolls back on an error. `DatabaseAway`."""
        async with self._session("BEGIN IMMEDIATE") as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, from one consistent state. `DatabaseAway`."""
        async with self._session("BEGIN") as session:
            yield session

    @asynccontextmanager
    async def _session(self, begin: str) -> AsyncIterator[AsyncSession]:
        options = {"sqlite_begin": begin}
        try:
            async with self.engine.connect() as plain:
                connection = await plain.execution_options(**options)
                async with AsyncSession(bind=connection, expire_on_commit=False) as session:
                    yield session
        except (OperationalError, InterfaceError) as error:
            raise DatabaseAway(_why(error)) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseAway(_why(error)) from error
            raise
        except (ConnectionError, OSError) as error:
            raise DatabaseAway(str(error)) from error

    async def create_all(self) -> None:
        """Make every table that is imported; for unit tests. Real installations migrate."""
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def migrate(self) -> None:
        """Bring the tables to this version of the program."""
        async with self.engine.connect() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()

    async def close(self) -> None:
        await self.engine.dispose()


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def _with_driver(url: str) -> str:
    parsed = make_url(url)
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
    name = driver.get(parsed.drivername, parsed.drivername)
    return parsed.set(drivername=name).render_as_string(hide_password=False)


def _connect_options(url: str, busy_seconds: float) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": busy_seconds}}
    return {
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": max(2, int(busy_seconds))},
    }


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """The driver's own transactions are switched off; ours say IMMEDIATE where they write."""

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE")
        connection.exec_driver_sql(begin)


def _why(error: DBAPIError) -> str:
    """The driver's own words, without the statement and its values."""
    return str(error.orig).partition("\n")[0]
