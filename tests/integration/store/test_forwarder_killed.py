"""kill -9 at any moment: every entry is in the main database once, in order."""

import asyncio
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

from store.database import Database
from store.node_journal import Entry, NodeJournal
from tests.integration.store.sample import copied, happened, make_seen, seen
from tests.integration.store.waiting import until

FACTS, KILLS = 1500, 8


async def forward_for(seconds: float, journal: Path, url: str) -> None:
    """One life of the forwarder, from its first moment to its kill."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.store.forwarding_program", str(journal), url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        await asyncio.sleep(seconds)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def test_killed_at_random_moments(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await make_seen(database)
    path = tmp_path / "node.sqlite"
    node = NodeJournal(path, "pbx")
    lives = random.Random(12345)
    progress = []
    for kill in range(KILLS):
        share = FACTS // KILLS
        numbers = range(kill * share, (kill + 1) * share)
        node.append([Entry(happened(n), private={"who": "x"}) for n in numbers])
        await forward_for(lives.uniform(0.02, 0.3), path, database_url)
        progress.append(len(await copied(database, "pbx")))
    total = KILLS * (FACTS // KILLS)
    print(progress)

    async def complete() -> bool:
        return node.forwarded == node.newest

    last_life = asyncio.create_task(forward_for(60, path, database_url))
    await until(complete, within=40)
    last_life.cancel()
    with suppress(asyncio.CancelledError):
        await last_life
    assert await copied(database, "pbx") == list(range(total)) == await seen(database, "pbx")
