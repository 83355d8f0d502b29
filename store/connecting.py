"""Room store: how each kind of database is connected to, and which errors mean that it is away."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.ext.asyncio import AsyncEngine

# SQLite's primary result codes that somebody or something else must mend: BUSY, LOCKED, NOMEM,
# READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB. Code 1, "ERROR", is a
# mistake in a statement ("no such table") and stays one.
_SQLITE_AWAY = {5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26}
# PostgreSQL's classes: connection, deadlock and serialisation, resources, operator, system.
_POSTGRES_AWAY = {"08", "40", "53", "57", "58"}
_LOCK_NOT_AVAILABLE = "55P03"

# Of each connection, negative: in KiB. The kernel has the whole file in its own cache; SQLite's
# default of 2 MB is filled by every connection, little by little, over hours.
CACHE_SIZE = -512

# A writer that hangs in the middle of a transaction holds the journal's sequencer; the server
# ends it after this long.
_IDLE_MILLISECONDS = 30_000


class DatabaseAway(RuntimeError):
    """The database cannot be reached or is locked by somebody else; try again later."""


@contextmanager
def told_as_away() -> Iterator[None]:
    """Turns every error that means "try again later" into `DatabaseAway`."""
    try:
        yield
    except DBAPIError as error:
        if not is_away(error):
            raise
        # The driver's own words, without the statement and its values.
        raise DatabaseAway(str(error.orig).partition("\n")[0]) from error
    except NoFreeConnection as error:
        raise DatabaseAway("every connection is in use") from error


def connect_options(url: str, busy_seconds: float) -> dict[str, Any]:
    """Arguments for `create_async_engine`: nobody waits longer than `busy_seconds` for a lock."""
    if url.startswith("sqlite"):
        return {
            "connect_args": {"timeout": busy_seconds},
            "pool_timeout": busy_seconds,
            # One that is warm rather than each in turn: every one has a thread and a cache.
            "pool_use_lifo": True,
            "hide_parameters": True,
        }
    given = make_url(url).query.get("options", "")
    limits = {
        "lock_timeout": int(busy_seconds * 1000),
        "idle_in_transaction_session_timeout": _IDLE_MILLISECONDS,
    }
    return {
        "pool_pre_ping": True,
        "pool_timeout": busy_seconds,
        # Values may be numbers and names of citizens; errors end up in logs.
        "hide_parameters": True,
        "connect_args": {
            "connect_timeout": max(2, int(busy_seconds)),
            "options": " ".join([str(given), *(f"-c {k}={v}" for k, v in limits.items())]).strip(),
            # A machine that vanished without a word is noticed within about ten seconds.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    }


def keep_private(path: Path) -> None:
    """An SQLite file, new or not, is its owner's alone. Blocking; raises nothing: whatever is
    wrong with the file, opening it tells better."""
    # Before anything is in it: SQLite gives companions to come the rights of the file.
    with suppress(OSError):
        path.touch(mode=0o600)
    for end in ("", "-wal", "-shm"):
        with suppress(OSError):
            Path(f"{path}{end}").chmod(0o600)


def prepare_sqlite(engine: AsyncEngine, *, foreign_keys: bool = True) -> None:
    """The driver's own transactions are switched off; ours say IMMEDIATE where they write."""
    pragmas = (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        f"cache_size={CACHE_SIZE}",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, record: object) -> None:
        connection.isolation_level = None
        try:
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:
            # Nobody else would: each would keep its thread and its file open for ever.
            connection.close()
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE")
        connection.exec_driver_sql(begin)


def is_away(error: DBAPIError) -> bool:
    """Whether trying the same again later can help: no connection, locked, full, deadlock."""
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_AWAY
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in _POSTGRES_AWAY or state == _LOCK_NOT_AVAILABLE
    # Without a code the server never got to answer.
    return isinstance(error, OperationalError | InterfaceError)
