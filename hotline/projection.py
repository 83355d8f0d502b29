"""Room hotline: which rooms hear of which facts, and what a call is owed because of them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.desks import with_operator
from hotline.owed.ledger import TICKET, TRANSCRIBE, owe
from hotline.ringing_back import RingbackRules, ringbacks_of
from hotline.unrecorded import owe_unrecorded
from recording.facts import RecordingGap, RecordingSealed, SealFailed
from recording.projection import PROJECTIONS as RECORDING
from store.base import now
from store.facts import Fact
from telephony.facts import CallEnded
from telephony.ivr.projection import PROJECTIONS as FLOWS
from telephony.projection import PROJECTIONS as TELEPHONY

DEFAULT_RULES = RingbackRules()
# A ticket waits this long for its transcript. Then it opens without, and is given it later:
# a busy transcriber, or a seal that fails, delays no citizen's matter.
TRANSCRIPT_WITHIN = timedelta(seconds=60)


async def project(
    session: AsyncSession, fact: Fact, private: Mapping[str, Any],
    rules: RingbackRules = DEFAULT_RULES,
) -> None:  # fmt: skip
    """The forwarder's projector: rows first, then what is owed."""
    fact = await with_operator(session, fact)
    for table in (TELEPHONY, FLOWS, RECORDING):
        change = table.get(type(fact))
        if change is not None:
            await change(session, fact, private)
    if isinstance(fact, CallEnded):
        await session.flush()
        await ringbacks_of(session, fact, rules)
        await owe_unrecorded(session, fact)
    if isinstance(fact, RecordingSealed) and fact.call_id:
        # What a later part holds is to be read, too.
        await owe(session, fact.call_id, TRANSCRIBE, again=fact.part > 1)
    if isinstance(fact, RecordingGap) and fact.call_id:
        # Of a call without any recording nothing else owes it; and a ticket that is open already
        # has to say that something is missing.
        await owe(session, fact.call_id, TICKET, again=True)
    if isinstance(fact, RecordingSealed | SealFailed) and fact.call_id:
        await owe(session, fact.call_id, TICKET, not_before=now() + TRANSCRIPT_WITHIN)
