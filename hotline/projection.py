"""Room hotline: which rooms hear of which facts, and what a call is owed because of them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.owed.ledger import TRANSCRIBE, owe
from recording.facts import RecordingSealed
from recording.projection import PROJECTIONS as RECORDING
from store.facts import Fact
from telephony.projection import PROJECTIONS as TELEPHONY


async def project(session: AsyncSession, fact: Fact, private: Mapping[str, Any]) -> None:
    """The forwarder's projector: rows first, then what is owed."""
    for table in (TELEPHONY, RECORDING):
        change = table.get(type(fact))
        if change is not None:
            await change(session, fact, private)
    if isinstance(fact, RecordingSealed) and fact.call_id:
        await owe(session, fact.call_id, TRANSCRIBE)
