"""A desk worker that kills itself with SIGKILL at one point of its first piece of work.

python -m tests.integration.work.worker_program DATABASE_URL FOLDER POINT
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from hotline.owed import ledger
from hotline.owed.ledger import TICKET, TRANSCRIBE, Leased, finish, owe
from hotline.work import stages
from hotline.work import worker as worker_module
from hotline.work.stages import open_call_ticket
from hotline.work.worker import Worker
from store.database import Database
from transcription.keep import keep_transcript
from transcription.words import Timeline


def main(url: str, folder: Path, point: str) -> None:
    """Points: leased | made (before the commit) | committed | transcribed."""
    died = folder / "died"
    # A minute is a long time in a test; what is tested is that a lease ends at all.
    for stage in ledger.LEASE:
        ledger.LEASE[stage] = timedelta(seconds=0.5)
    worker_module.OFFER_AGAIN_SECONDS = 0.5

    def die(here: str) -> None:
        if here == point and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    original = stages.finish

    async def finish_or_die(session: Any, work: Leased) -> None:
        await original(session, work)
        await session.flush()
        die("made")

    stages.finish = finish_or_die

    async def ticket(database: Database, work: Leased) -> None:
        die("leased")
        await open_call_ticket(database, work)
        die("committed")

    async def transcribe(database: Database, work: Leased) -> None:
        timeline = Timeline(
            utterances=(), engine="none", model="none", why="测试", language="zh",
            seconds_audio=0.0, seconds_spent=0.0,
        )  # fmt: skip
        async with database.transaction() as session:
            await keep_transcript(session, work.call_id, timeline)
            await owe(session, work.call_id, TICKET, again=True)
            await finish(session, work)
        die("transcribed")

    doing = {TICKET: ticket, TRANSCRIBE: transcribe}
    asyncio.run(Worker("desk", "pbx", url, folder / "queue.sqlite", doing).run())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
