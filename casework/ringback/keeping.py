"""Room casework/ringback: the rows, kept by the rules beside this. The caller commits.

All of it runs while the main journal's turn is held, so two nodes never open two rows for one
number at once.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.ringback.facts import (
    RingbackClosed,
    RingbackOverdue,
    RingbackOwed,
    RingbackTried,
)
from casework.ringback.rules import (
    Deadlines,
    Ended,
    Owed,
    closed_by_getting_through,
    merged,
    owed,
    reason_of,
)
from casework.ringback.tables import Ringback
from store import journal
from store.base import new_id
from store.tables import FactRow

_COUNTING = (RingbackOwed.kind, RingbackTried.kind, RingbackClosed.kind)


async def call_ended(
    session: AsyncSession, call: Ended, deadlines: Deadlines, why_not: str | None
) -> None:
    """A citizen's own call is over. `why_not`: why this number cannot be rung, if it cannot."""
    await journal.take_turn(session)
    if await _is_counted(session, call.call_id):
        return
    reason = reason_of(call)
    if reason is None:
        if call.talked and call.number:
            await _got_through(session, call)
        return
    more = owed(call, reason, deadlines)
    row = await _open_row(session, call.number) if why_not is None else None
    if row is None:
        row = _new(more, call, why_not)
        session.add(row)
    else:
        _write(row, merged(_read(row), more))
    await session.flush()
    fact = RingbackOwed(
        at=call.at, call_id=call.call_id, ringback_id=row.ringback_id, reason=reason.value,
        merged=len(row.calls) > 1, possible=why_not is None,
    )  # fmt: skip
    await journal.append(session, fact)


async def rung(
    session: AsyncSession, number: str, call_id: str, at: datetime, *, talked: bool
) -> None:
    """We rang this number: closed if they were spoken with, else counted."""
    await journal.take_turn(session)
    row = await _open_row(session, number)
    if row is None or row.opened_at > at or await _is_counted(session, call_id):
        return
    if talked:
        await _close(session, row, call_id, at, "rung_back")
        return
    # The place in the queue was kept for this one ring; from now on it is a ring-back like others.
    row.tries, row.tried_at, row.keeps_place = row.tries + 1, at, False
    fact = RingbackTried(at=at, call_id=call_id, ringback_id=row.ringback_id, tries=row.tries)
    await journal.append(session, fact)


async def overdue(session: AsyncSession, moment: datetime) -> Sequence[Ringback]:
    """Ring-backs whose deadline is past and not told yet."""
    rows = await session.scalars(
        select(Ringback).where(
            Ringback.state == "open", Ringback.due_at <= moment, Ringback.overdue_told_at.is_(None)
        )
    )
    return list(rows)


async def tell_overdue(session: AsyncSession, moment: datetime) -> Sequence[str]:
    """Write an alarm for each of them; their ids. Each is told once."""
    await journal.take_turn(session)
    told = []
    for row in await overdue(session, moment):
        row.overdue_told_at = moment
        told.append(row.ringback_id)
        fact = RingbackOverdue(
            at=moment, call_id=row.calls[-1], ringback_id=row.ringback_id, reason=row.reasons[0]
        )
        await journal.append(session, fact)
    return told


async def _got_through(session: AsyncSession, call: Ended) -> None:
    row = await _open_row(session, call.number)
    if row is None or row.opened_at > call.at:
        return
    if closed_by_getting_through(tuple(row.reasons)):
        await _close(session, row, call.call_id, call.at, "called_again")


async def _close(
    session: AsyncSession, row: Ringback, call_id: str, at: datetime, how: str
) -> None:
    row.state, row.closed_at, row.closed_by_call, row.how = "closed", at, call_id, how
    fact = RingbackClosed(at=at, call_id=call_id, ringback_id=row.ringback_id, how=how)
    await journal.append(session, fact)


async def _is_counted(session: AsyncSession, call_id: str) -> bool:
    """Whether this call's end is in the rows already: `owed redo-projections` tells it again."""
    counted = select(FactRow.number).where(FactRow.call_id == call_id, FactRow.kind.in_(_COUNTING))
    return await session.scalar(counted.limit(1)) is not None


async def _open_row(session: AsyncSession, number: str | None) -> Ringback | None:
    if not number:
        return None
    row: Ringback | None = await session.scalar(
        select(Ringback).where(Ringback.number == number, Ringback.state == "open")
    )
    return row


def _new(more: Owed, call: Ended, why_not: str | None) -> Ringback:
    row = Ringback(
        ringback_id=new_id(), number=call.number, opened_at=call.at, why_not=why_not,
        state="open" if why_not is None else "impossible", tries=0,
    )  # fmt: skip
    _write(row, more)
    return row


def _read(row: Ringback) -> Owed:
    return Owed(
        tuple(row.reasons), tuple(row.calls), row.priority, row.keeps_place, row.queued_at,
        row.due_at,
    )  # fmt: skip


def _write(row: Ringback, what: Owed) -> None:
    row.reasons, row.calls = list(what.reasons), list(what.calls)
    row.priority, row.keeps_place = what.priority, what.keeps_place
    row.queued_at, row.due_at = what.queued_at, what.due_at
