"""Room casework/ringback: ring-backs as they are read: who is to be rung first stands first."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.ringback.tables import Ringback


class RingbackLine(BaseModel):
    """One number to be rung back. `state`: open | closed | impossible (see `why_not`)."""

    model_config = ConfigDict(from_attributes=True)

    ringback_id: str
    number: str | None
    state: str
    why_not: str | None
    reasons: list[str]
    calls: list[str]
    priority: int
    keeps_place: bool
    queued_at: AwareDatetime
    opened_at: AwareDatetime
    due_at: AwareDatetime
    overdue: bool = False
    tries: int
    tried_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    closed_by_call: str | None
    how: str | None


async def list_ringbacks(
    session: AsyncSession, state: str | None, limit: int, moment: datetime
) -> Sequence[RingbackLine]:
    """Emergencies, then who called again, then by deadline."""
    query = select(Ringback).order_by(
        Ringback.priority.desc(), Ringback.due_at, Ringback.ringback_id
    )
    if state is not None:
        query = query.where(Ringback.state == state)
    rows = await session.scalars(query.limit(limit))
    lines = []
    for row in rows:
        line = RingbackLine.model_validate(row)
        line.overdue = row.state == "open" and row.due_at <= moment
        lines.append(line)
    return lines


async def found_ringback(session: AsyncSession, ringback_id: str) -> Ringback | None:
    return await session.get(Ringback, ringback_id)


async def first_with_place(session: AsyncSession, limit: int = 20) -> Sequence[Ringback]:
    """Those who are to be rung at their place in the queue, first in line first."""
    rows = await session.scalars(
        select(Ringback)
        .where(Ringback.state == "open", Ringback.keeps_place)
        .order_by(Ringback.priority.desc(), Ringback.queued_at)
        .limit(limit)
    )
    return list(rows)
