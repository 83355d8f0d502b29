"""Room store: the main journal. Append in the transaction that changes the state; read its tail.

Numbers follow the order of commits, so that "after number N" never skips a fact:
on SQLite there is one writer at a time; on PostgreSQL a lock held until the
commit makes one sequencer of all writers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from store.base import table_of
from store.facts import Fact, load_fact
from store.tables import FactRow

# Any fixed number will do: "fact" in ASCII.
_SEQUENCER = 0x66616374
_FACTS = table_of(FactRow)


@dataclass(frozen=True)
class JournalRow:
    """A numbered fact as stored."""

    number: int
    kind: str
    at: datetime
    call_id: str | None
    ticket_id: str | None
    node: str | None
    data: dict[str, Any]

    def fact(self) -> Fact:
        """The typed fact; `UnknownFact` where this program does not know its kind."""
        return load_fact(self.kind, self.at, self.call_id, self.ticket_id, self.data)


async def append(
    session: AsyncSession, fact: Fact, node: str | None = None, node_number: int | None = None
) -> int:
    """Add a fact to this transaction; returns its number."""
    return await append_stored(
        session, fact.kind, fact.at, fact.call_id, fact.ticket_id, fact.data(), node, node_number
    )


async def append_stored(
    session: AsyncSession, kind: str, at: datetime, call_id: str | None, ticket_id: str | None,
    data: dict[str, Any], node: str | None = None, node_number: int | None = None,
) -> int:  # fmt: skip
    """As `append`, for a fact whose kind this program may not know."""
    await take_turn(session)
    next_number = select(func.coalesce(func.max(FactRow.number), 0) + 1).scalar_subquery()
    values = {
        "number": next_number, "node": node, "node_number": node_number, "kind": kind, "at": at,
        "call_id": call_id, "ticket_id": ticket_id, "data": data,
    }  # fmt: skip
    appended = await session.execute(insert(_FACTS).values(values).returning(_FACTS.c.number))
    return int(appended.scalar_one())


async def append_many(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `append_stored`, for many at once: every row names all of its arguments."""
    if rows:
        await take_turn(session)
        number = await newest(session)
        numbered = [{"number": number + i, **row} for i, row in enumerate(rows, start=1)]
        await session.execute(insert(_FACTS), numbered)


async def take_turn(session: AsyncSession) -> None:
    """Become the one who appends, until this transaction ends. `append` does it by itself.

    To be taken first where a transaction also changes rows that others change together
    with a fact: two who take them in different orders wait for each other.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _SEQUENCER})


async def newest(session: AsyncSession) -> int:
    """The number of the newest fact; 0 where there is none."""
    return await session.scalar(select(func.max(FactRow.number))) or 0


async def after(
    session: AsyncSession, number: int, limit: int = 500, call_id: str | None = None,
    kinds: Sequence[str] | None = None,
) -> list[JournalRow]:  # fmt: skip
    """Facts after this number, in order."""
    query = select(FactRow).where(FactRow.number > number).order_by(FactRow.number).limit(limit)
    if call_id is not None:
        query = query.where(FactRow.call_id == call_id)
    if kinds is not None:
        query = query.where(FactRow.kind.in_(kinds))
    return [
        JournalRow(r.number, r.kind, r.at, r.call_id, r.ticket_id, r.node, r.data)
        for r in await session.scalars(query)
    ]
