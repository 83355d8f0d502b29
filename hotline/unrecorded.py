"""Room hotline: a caller who was gone before a word could be recorded is owed a ticket too.


So is one whose seal was never told, whatever the reason: a disk that was full, a kill.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.owed.ledger import TICKET, owe
from hotline.owed.tables import OwedWork
from store.base import now, table_of
from store.database import Database, DatabaseAway
from store.tables import FactRow
from telephony.facts import CallEnded, TrackStarted
from telephony.tables import PhoneCall

log = structlog.get_logger()

# A seal is told within seconds of a call's end, and its failure too.
FORGOTTEN_AFTER = timedelta(minutes=3)
NOT_BEFORE = timedelta(days=7)
LOOK_SECONDS = 60.0

_CALLS, _FACTS = table_of(PhoneCall), table_of(FactRow)


async def owe_unrecorded(session: AsyncSession, fact: CallEnded) -> None:
    """Nothing of this call will be sealed, so nothing else would ever open its ticket."""
    call_id = fact.call_id or ""
    recorded = exists().where(_FACTS.c.call_id == call_id, _FACTS.c.kind == TrackStarted.kind)
    theirs = (_CALLS.c.call_id == call_id) & (_CALLS.c.direction == "in")
    if await session.scalar(select(_CALLS.c.call_id).where(theirs, ~recorded)):
        await owe(session, call_id, TICKET)


async def forgotten(session: AsyncSession, at: datetime) -> list[str]:
    """Calls that are over and were never owed anything, whatever lost their work."""
    owed = select(OwedWork.call_id).where(OwedWork.call_id == PhoneCall.call_id)
    found = await session.scalars(
        select(PhoneCall.call_id)
        .where(
            PhoneCall.stage == "ended", PhoneCall.direction == "in",
            PhoneCall.ended_at.between(at - NOT_BEFORE, at - FORGOTTEN_AFTER), ~owed.exists(),
        )
        .limit(100)
    )  # fmt: skip
    return list(found)


async def watch_forgotten(database: Database) -> None:
    """Until cancelled."""
    while True:
        try:
            async with database.reading() as session:
                calls = await forgotten(session, now())
            if calls:
                async with database.transaction() as session:
                    for call_id in calls:
                        await owe(session, call_id, TICKET)
                log.error("tickets_were_forgotten", calls=calls)
        except DatabaseAway:
            log.debug("forgotten_waits")
        await asyncio.sleep(LOOK_SECONDS)
