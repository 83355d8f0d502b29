"""Room hotline: a caller who was gone before a word could be recorded is owed a ticket too."""

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.owed.ledger import TICKET, owe
from store.base import table_of
from store.tables import FactRow
from telephony.facts import CallEnded, TrackStarted
from telephony.tables import PhoneCall

_CALLS, _FACTS = table_of(PhoneCall), table_of(FactRow)


async def owe_unrecorded(session: AsyncSession, fact: CallEnded) -> None:
    """Nothing of this call will be sealed, so nothing else would ever open its ticket."""
    call_id = fact.call_id or ""
    recorded = exists().where(_FACTS.c.call_id == call_id, _FACTS.c.kind == TrackStarted.kind)
    theirs = (_CALLS.c.call_id == call_id) & (_CALLS.c.direction == "in")
    if await session.scalar(select(_CALLS.c.call_id).where(theirs, ~recorded)):
        await owe(session, call_id, TICKET)
