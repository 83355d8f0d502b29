"""Room hotline: a caller who was gone before a word could be recorded is owed a ticket too.

So is one whose seal was never told, whatever the reason: a disk that was full, a kill.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
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

_CALLS = table_of(PhoneCall)


async def owe_unrecorded(session: AsyncSession, fact: CallEnded) -> None:
    """Nothing of this call will be sealed, so nothing else would ever open its ticket."""
    call_id = fact.call_id or ""
    asked = select(_CALLS.c.direction).where(_CALLS.c.call_id == call_id)
    if await session.scalar(asked) != "in" or await _has_track(session, call_id):
        return
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


async def _has_track(session: AsyncSession, call_id: str) -> bool:
    started = select(FactRow.number).where(
        FactRow.call_id == call_id, FactRow.kind == TrackStarted.kind
    )
    return await session.scalar(started.limit(1)) is not None
