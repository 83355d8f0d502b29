"""A worker at its work: one database for all of it, whatever becomes of a piece or of its queue."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from hotline.owed.ledger import TICKET, Leased, finish, owe
from hotline.owed.tables import OwedWork
from hotline.work.worker import Doing, Worker
from store.database import Database
from tests.e2e.stage import until


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite"


@asynccontextmanager
async def given_worker(
    database: Database, queue: Path, do: Doing
) -> AsyncIterator[asyncio.Task[None]]:
    worker = Worker("desk", "pbx", database.url, queue, {TICKET: do})
    running = asyncio.create_task(worker.run())
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def given_owed(database: Database, *call_ids: str) -> None:
    async with database.transaction() as session:
        for call_id in call_ids:
            await owe(session, call_id, TICKET)


async def done_at_once(own: Database, work: Leased) -> None:
    async with own.transaction() as session:
        await finish(session, work)


async def all_done(database: Database) -> bool:
    async with database.reading() as session:
        return {row.state for row in await session.scalars(select(OwedWork))} == {"done"}


async def test_all_work_is_done_with_one_database_in_one_thread(
    queue: Path, database: Database
) -> None:
    """
    piece  | what becomes of it
    c1     | done
    c2     | fails, and is tried again: done
    c3     | done
    """
    seen: list[tuple[str, Database, threading.Thread]] = []

    async def do(own: Database, work: Leased) -> None:
        seen.append((work.call_id, own, threading.current_thread()))
        async with own.transaction() as session:
            if work.call_id == "c2" and work.attempt == 1:
                raise ValueError("a piece that fails")
            await finish(session, work)

    await given_owed(database, "c1", "c2", "c3")
    async with given_worker(database, queue, do):
        await until(lambda: all_done(database), 40, "all owed work done")
    assert [call_id for call_id, _, _ in seen] == ["c1", "c2", "c3", "c2"]
    [own] = {id(own) for _, own, _ in seen}
    [thread] = {thread for _, _, thread in seen}
    assert own != id(database) and thread is not threading.main_thread()
    await until(lambda: not thread.is_alive(), 10, "the worker's thread has ended")
    # Closed with it: no connection of its own is left, checked in or out.
    assert "Connections in pool: 0" in seen[0][1].engine.pool.status()


async def test_a_queue_that_a_power_cut_broke_keeps_no_work_waiting(
    queue: Path, database: Database
) -> None:
    for end in ("", "-wal", "-shm"):
        queue.with_name(queue.name + end).write_bytes(b"half a page, and then nothing " * 300)
    await given_owed(database, "c1")
    async with given_worker(database, queue, done_at_once):
        await until(lambda: all_done(database), 40, "done all the same")


async def test_what_the_queue_does_not_take_is_offered_to_it_again(
    queue: Path, database: Database
) -> None:
    """Whatever it is that SQLite cannot write for now: another writer here, a full disk elsewhere.

    the queue's file | the worker
    locked           | says so, and lives
    free             | does what is owed, without the half minute it leaves to what was offered
    """
    async with given_worker(database, queue, done_at_once) as running:
        await until(queue.exists, 10, "the queue is open")
        with capture_logs() as logs, closing(sqlite3.connect(queue, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await given_owed(database, "c1")
            await until(
                lambda: running.done() or "sweep_waits" in {line["event"] for line in logs},
                30, "an offer is refused",
            )  # fmt: skip
        assert not running.done()
        await until(lambda: all_done(database), 20, "offered again, and done")
