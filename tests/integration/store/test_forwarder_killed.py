"""kill -9 at any moment: every entry is in the main database once, in order."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from store.database import Database
from store.node_journal import Entry, NodeJournal
from tests.integration.store.sample import copied, happened, make_seen, seen
from tests.integration.store.waiting import until

FACTS, KILLS = 900, 5


@asynccontextmanager
async def forwarding(journal: Path, url: str) -> AsyncIterator[None]:
    """One life of the forwarder, ended by a kill."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.store.forwarding_program", str(journal), url,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL, "it ended by itself"


async def test_killed_at_random_moments(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await make_seen(database)
    path = tmp_path / "node.sqlite"
    node = NodeJournal(path, "pbx")
    node.append([Entry(happened(n), private={"who": "x"}) for n in range(FACTS)])

    async def until_copied(number: int) -> None:
        async def is_copied() -> bool:
            return len(await seen(database, "pbx")) >= number

        await until(is_copied, within=30)

    chance = random.Random(12345)
    for _ in range(KILLS):
        so_far = len(await seen(database, "pbx"))
        async with forwarding(path, database_url):
            await until_copied(so_far + 1)
            await asyncio.sleep(chance.uniform(0, 0.04))
    assert await seen(database, "pbx") < list(range(FACTS)), "no kill fell into the work"
    async with forwarding(path, database_url):
        await until_copied(FACTS)
    assert await copied(database, "pbx") == list(range(FACTS)) == await seen(database, "pbx")
