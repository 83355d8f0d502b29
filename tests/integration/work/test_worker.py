"""A worker at its work: one database for all of it, whatever becomes of a piece."""

import asyncio
import threading
from pathlib import Path

from sqlalchemy import select

from hotline.owed.ledger import TICKET, Leased, finish, owe
from hotline.owed.tables import OwedWork
from hotline.work.worker import Worker
from store.database import Database
from tests.e2e.stage import until


async def test_all_work_is_done_with_one_database_in_one_thread(
    tmp_path: Path, database: Database
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

    async def all_done() -> bool:
        async with database.reading() as session:
            return {row.state for row in await session.scalars(select(OwedWork))} == {"done"}

    async with database.transaction() as session:
        for call_id in ("c1", "c2", "c3"):
            await owe(session, call_id, TICKET)
    worker = Worker("desk", "pbx", database.url, tmp_path / "queue.sqlite", {TICKET: do})
    running = asyncio.create_task(worker.run())
    try:
        await until(all_done, 40, "all owed work done")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [call_id for call_id, _, _ in seen] == ["c1", "c2", "c3", "c2"]
    [own] = {id(own) for _, own, _ in seen}
    [thread] = {thread for _, _, thread in seen}
    assert own != id(database) and thread is not threading.main_thread()
    await until(lambda: not thread.is_alive(), 10, "the worker's thread has ended")
    # Closed with it: no connection of its own is left, checked in or out.
    assert "Connections in pool: 0" in seen[0][1].engine.pool.status()
