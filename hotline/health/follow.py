"""Room hotline/health: reads the main journal's tail, each fact once, wherever it is killed.

What is made of the facts and the number reached are one transaction.
"""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.health.tables import Follower
from store import journal
from store.database import Database
from store.journal import JournalRow

BATCH = 1000
# The reader's own data may be changed in place; it is stored anew after each batch.
Change = Callable[[AsyncSession, JournalRow, dict[str, Any]], Awaitable[None]]


async def follow(database: Database, name: str, change: Change, *, from_now: bool = False) -> int:
    """Read one batch; how many facts that were. `from_now`: the first time, skip what was."""
    async with database.reading() as session:
        newest = await journal.newest(session)
        row = await session.get(Follower, name)
    if row is not None and row.number >= newest:
        return 0
    async with database.transaction() as session:
        # First of all, as everybody who may append facts in the same transaction.
        await journal.take_turn(session)
        row = await _mine(session, name, newest if from_now else 0)
        data = deepcopy(row.data)  # changed in place, it would seem unchanged
        facts = await journal.after(session, row.number, BATCH)
        for fact in facts:
            await change(session, fact, data)
            row.number = fact.number
        row.data = data
    return len(facts)


async def _mine(session: AsyncSession, name: str, number: int) -> Follower:
    row = await session.scalar(select(Follower).where(Follower.name == name).with_for_update())
    if row is None:
        row = Follower(name=name, number=number, data={})
        session.add(row)
        await session.flush()
    return row
