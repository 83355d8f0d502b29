"""Room hotline: a caller who was gone before a word could be recorded is owed a ticket too."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.owed.ledger import TICKET, owe
from store.base import table_of
from store.tables import FactRow
from telephony.facts import CallEnded, TrackStarted
from telephony.tables import PhoneCall

_CALLS = table_of(PhoneCall)


async def owe_unrecorded(session: AsyncSession, fact: CallEnded) -> None:
    """Nothing of this call will be sealed, so nothing else would ever open its ticket."""
    call_id = fact.call_id or ""
    asked = select(_CALLS.c.direction).where(_CALLS.c.call_id == call_id)
    if await session.scalar(asked) != "in" or await _has_track(session, call_id):
        return
    await owe(session, call_id, TICKET)


async def _has_track(session: AsyncSession, call_id: str) -> bool:
    started = select(FactRow.number).where(
        FactRow.call_id == call_id, FactRow.kind == TrackStarted.kind
    )
    return await session.scalar(started.limit(1)) is not None
