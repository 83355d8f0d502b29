"""kill -9 of a worker at any point: the work goes on, once."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from casework.tickets.tables import Ticket
from hotline.owed.ledger import TRANSCRIBE, owe
from hotline.owed.tables import OwedWork
from hotline.settings import ROOT
from store import journal
from store.base import now
from store.database import Database
from telephony.tables import PhoneCall
from tests.e2e.stage import until

PROGRAM = "tests.integration.work.worker_program"


@pytest.mark.parametrize("point", ["leased", "made", "committed", "transcribed"])
async def test_exactly_one_ticket(tmp_path: Path, point: str) -> None:
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    await database.migrate()
    async with database.transaction() as session:
        session.add(
            PhoneCall(call_id="c1", node="pbx", called="12345", started_at=now(), stage="ended")
        )
        await owe(session, "c1", TRANSCRIBE)

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", PROGRAM, database.url, str(tmp_path), point, cwd=ROOT
        )

    async def all_done() -> bool:
        async with database.reading() as session:
            rows = list(await session.scalars(select(OwedWork)))
        return len(rows) == 2 and all(row.state == "done" for row in rows)

    first = await start()
    assert await asyncio.wait_for(first.wait(), 30) == -signal.SIGKILL
    second = await start()
    try:
        await until(all_done, 30, "all owed work done")
    finally:
        second.terminate()
        await second.wait()
    async with database.reading() as session:
        tickets = list(await session.scalars(select(Ticket)))
        opened = await journal.after(session, 0, 100, kinds=["ticket_opened"])
    await database.close()
    assert len(tickets) == len(opened) == 1
    assert tickets[0].transcript_state == "done"
