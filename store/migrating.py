"""Room store: brings a database to this version's tables, with Alembic and without its file."""

import asyncio
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from store.connecting import connect_options, keep_private, prepare_sqlite, told_as_away

MIGRATIONS = Path(__file__).parent / "migrations"
# Another part of the program may be migrating at this moment: wait for it.
_PATIENCE_SECONDS = 60.0
_MIGRATING = 0x6D696772
_LOOK_SECONDS = 0.02


class BrokenReference(RuntimeError):
    """After a migration some row points to a row that is not there; nothing was changed."""


async def migrate(url: str, to: str = "head") -> None:
    """Upgrade in one transaction; `url` names its driver. `DatabaseAway`."""
    options = connect_options(url, _PATIENCE_SECONDS)
    for of_a_pool in ("pool_timeout", "pool_use_lifo"):
        options.pop(of_a_pool, None)
    engine = create_async_engine(url, poolclass=NullPool, **options)
    if engine.dialect.name == "sqlite":
        # Altering a table on SQLite means to copy and drop it: with foreign keys enforced
        # the drop would take the rows that point to it along. They are checked at the end.
        prepare_sqlite(engine, foreign_keys=False)
        if path := make_url(url).database:
            await asyncio.to_thread(_begin_file, Path(path))
    try:
        with told_as_away():
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade, to)
    finally:
        await engine.dispose()


def _begin_file(path: Path) -> None:
    """Blocking; whatever else is wrong with the file, the connections to come will tell."""
    keep_private(path)  # names and numbers of citizens
    _to_wal(path)


def _to_wal(path: Path) -> None:
    """Switch a new file to write-ahead logging.

    SQLite waits for no lock here (its busy handler is not asked): two who begin at the same
    moment would refuse each other.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as db:
        while time.monotonic() < end:
            try:
                db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    return
                time.sleep(_LOOK_SECONDS)
            else:
                return


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, to: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATING})
    command.upgrade(alembic_config(connection), to)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise BrokenReference(f"{broken[0]} row {broken[1]} → {broken[2]}")
