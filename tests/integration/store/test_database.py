"""One way to write, one to read, and one error for "not now"."""

import asyncio
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from store.database import Database, DatabaseAway
from tests.integration.store.lock_holder import lock_held
from tests.integration.store.sample import SEEN, make_seen
from tests.postgres import PostgresServer


async def count(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(SEEN)) or 0


async def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    await make_seen(database)
    async with database.transaction() as session:
        await session.execute(insert(SEEN).values(node="a", n=1))
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await session.execute(insert(SEEN).values(node="a", n=2))
            raise ZeroDivisionError
    assert await count(database) == 1


async def test_read_then_write_of_many_tasks_loses_nothing(database: Database) -> None:
    await make_seen(database)
    async with database.transaction() as session:
        await session.execute(insert(SEEN).values(node="a", n=0))

    async def add_one() -> None:
        async with database.transaction() as session:
            query = select(SEEN.c.n).with_for_update()
            number = await session.scalar(query) or 0
            await session.execute(update(SEEN).values(n=number + 1))

    await asyncio.gather(*(add_one() for _ in range(60)))
    async with database.reading() as session:
        assert await session.scalar(select(SEEN.c.n)) == 60


async def test_reading_sees_one_state_while_others_write(database: Database) -> None:
    await make_seen(database)
    async with database.reading() as session:
        before = await session.scalar(select(func.count()).select_from(SEEN))
        async with database.transaction() as writing:
            await writing.execute(insert(SEEN).values(node="a", n=1))
        assert await session.scalar(select(func.count()).select_from(SEEN)) == before == 0
    assert await count(database) == 1


async def test_a_mistake_in_a_statement_is_not_an_outage(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.reading() as session:
            await session.execute(text("SELECT * FROM no_such_table"))


async def test_a_file_that_cannot_be_opened_is_an_outage(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/missing/main.sqlite")
    with pytest.raises(DatabaseAway, match="unable to open"):
        async with database.reading():
            pass
    await database.close()


async def test_a_file_that_is_no_database_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "main.sqlite").write_bytes(b"not a database, just bytes " * 100)
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    threads = threading.active_count()
    for _ in range(5):
        with pytest.raises(DatabaseAway, match="not a database"):
            async with database.transaction():
                pass
    # A connection's thread ends a moment after it was closed.
    async with asyncio.timeout(5):  # not in time: each attempt leaves something open
        while threading.active_count() > threads + 1:
            await asyncio.sleep(0.01)
    await database.close()


async def test_a_lock_of_another_process_is_an_outage_within_the_busy_time(tmp_path: Path) -> None:
    path = tmp_path / "main.sqlite"
    database = Database(f"sqlite:///{path}", busy_seconds=0.3)
    await make_seen(database)
    started = time.monotonic()
    with lock_held(path), pytest.raises(DatabaseAway, match="locked"):
        async with database.transaction():
            pass
    assert time.monotonic() - started < 3
    async with database.transaction() as session:
        await session.execute(insert(SEEN).values(node="a", n=1))
    assert await count(database) == 1
    await database.close()


async def test_a_row_locked_on_postgresql_is_an_outage_within_the_busy_time(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.new_database()
    database = Database(url, busy_seconds=0.3)
    await make_seen(database)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE seen IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseAway, match="lock timeout"):
            async with database.transaction() as session:
                await session.execute(insert(SEEN).values(node="a", n=1))
    await database.close()
    postgres_server.drop_database(url)


async def test_a_server_that_went_and_came_back_needs_no_new_connections_by_hand(
    own_postgres: PostgresServer,
) -> None:
    database = Database(own_postgres.url, busy_seconds=2)
    await make_seen(database)
    own_postgres.stop()
    with pytest.raises(DatabaseAway):
        async with database.reading():
            pass
    own_postgres.start()
    assert await count(database) == 0
    await database.close()


async def test_a_server_lost_within_a_transaction_is_an_outage(
    own_postgres: PostgresServer,
) -> None:
    database = Database(own_postgres.url)
    await make_seen(database)
    with pytest.raises(DatabaseAway):
        async with database.transaction() as session:
            await session.execute(insert(SEEN).values(node="a", n=1))
            own_postgres.stop(signal.SIGQUIT)
    own_postgres.start()
    assert await count(database) == 0
    await database.close()


async def test_a_server_that_hangs_is_an_outage(own_postgres: PostgresServer) -> None:
    database = Database(own_postgres.url, busy_seconds=1)
    own_postgres.send_all(signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(DatabaseAway):
            async with database.reading():
                pass
        assert time.monotonic() - started < 5
    finally:
        own_postgres.send_all(signal.SIGCONT)
    await database.close()


async def test_no_free_connection_is_an_outage(postgres_server: PostgresServer) -> None:
    database = Database(postgres_server.url, busy_seconds=0.2)
    pool = database.engine.pool

    async def hold(held: asyncio.Semaphore, enough: asyncio.Event) -> None:
        async with database.reading():
            held.release()
            await enough.wait()

    held, enough = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(15):
            tasks.create_task(hold(held, enough))
        for _ in range(15):
            await held.acquire()
        with pytest.raises(DatabaseAway, match="in use"):
            async with database.reading():
                pass
        enough.set()
    assert "Current Checked out connections: 0" in pool.status()
    await database.close()
