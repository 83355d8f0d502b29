"""A fact, a table of one room that never was, and a projector between them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from store import journal
from store.base import now
from store.database import Database
from store.facts import Fact

CALL = "pbx-1764000000.12"


class Happened(Fact):
    """The n-th thing of a test."""

    kind: ClassVar[str] = "test_happened"
    n: int


# Not on the rooms' own metadata: the migrations must not hear of it.
OWN = MetaData()
SEEN = Table("seen", OWN, Column("node", String(40)), Column("n", Integer), Column("who", String))


def happened(n: int) -> Happened:
    return Happened(at=now(), call_id=CALL, n=n)


async def make_seen(database: Database) -> None:
    """The table that `remember` fills."""
    async with database.engine.begin() as connection:
        await connection.run_sync(OWN.create_all)


def remember(node: str) -> Callable[[AsyncSession, Fact, Mapping[str, Any]], Awaitable[None]]:
    """A projector: one row per fact, no key that would hide a second one."""

    async def project(session: AsyncSession, fact: Fact, private: Mapping[str, Any]) -> None:
        assert isinstance(fact, Happened)
        await session.execute(insert(SEEN).values(node=node, n=fact.n, who=private.get("who")))

    return project


async def seen(database: Database, node: str) -> list[int]:
    """What was projected, sorted."""
    async with database.reading() as session:
        query = select(SEEN.c.n).where(SEEN.c.node == node).order_by(SEEN.c.n)
        return list(await session.scalars(query))


async def copied(database: Database, node: str) -> list[int]:
    """The n of this node's facts in the order of the main journal."""
    found: list[int] = []
    number = 0
    while True:
        async with database.reading() as session:
            rows = await journal.after(session, number, 1000)
        if not rows:
            return found
        number = rows[-1].number
        found += [row.data["n"] for row in rows if row.node == node]
