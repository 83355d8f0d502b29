"""Room hotline: a call that is over meets the ring-backs: owed, tried, or done."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.ringback.keeping import call_ended, rung
from casework.ringback.rules import Deadlines, Ended
from hotline.settings import Settings
from store.base import table_of
from store.tables import FactRow
from telephony.bridge.ask import is_allowed
from telephony.dialplan import PROBE
from telephony.facts import CallEnded
from telephony.ivr.facts import FlowAnswered
from telephony.roles import Role
from telephony.tables import Leg, PhoneCall

_CALLS = table_of(PhoneCall)


@dataclass(frozen=True)
class RingbackRules:
    """By when a citizen is rung back, and which numbers may be rung at all."""

    deadlines: Deadlines = field(default_factory=Deadlines)
    allowed: tuple[re.Pattern[str], ...] = (re.compile(".*"),)

    def why_not(self, number: str | None) -> str | None:
        """Why this number cannot be rung back; None where it can."""
        if not number:
            return "withheld"
        return None if is_allowed(number, self.allowed) else "not_allowed"


def rules_of(settings: Settings) -> RingbackRules:
    """As this city has set them."""
    return RingbackRules(
        Deadlines(
            timedelta(minutes=settings.ringback_minutes),
            timedelta(minutes=settings.ringback_message_minutes),
        ),
        tuple(re.compile(pattern) for pattern in settings.allowed_numbers),
    )


async def ringbacks_of(session: AsyncSession, fact: CallEnded, rules: RingbackRules) -> None:
    """What the end of this call means for whom we owe a call."""
    found = await session.execute(select(_CALLS).where(_CALLS.c.call_id == fact.call_id))
    call = found.one_or_none()
    if call is None or call.called == PROBE:
        return
    if call.direction == "out":
        if call.talked_at is not None or await _citizen_was_rung(session, call.call_id):
            await rung(
                session, call.caller_number, call.call_id, fact.at,
                talked=call.talked_at is not None,
            )  # fmt: skip
        return
    ended = Ended(
        call_id=call.call_id, number=call.caller_number, at=fact.at, started_at=call.started_at,
        queued_at=call.queued_at, priority=call.priority, talked=call.talked_at is not None,
        left_message=call.left_message, turned_away=call.turned_away, call_back=call.call_back,
        # Asked only where nothing else says what the call was.
        served=call.queued_at is None and await _was_served(session, call.call_id),
    )  # fmt: skip
    await call_ended(session, ended, rules.deadlines, rules.why_not(ended.number))


async def _citizen_was_rung(session: AsyncSession, call_id: str) -> bool:
    leg = await session.scalar(
        select(Leg.leg_id).where(Leg.call_id == call_id, Leg.role == Role.CITIZEN.value)
    )
    return leg is not None


async def _was_served(session: AsyncSession, call_id: str) -> bool:
    """A flow answered a question of this caller's, so hanging up then is no missed call."""
    rows = await session.scalars(
        select(FactRow.data).where(FactRow.call_id == call_id, FactRow.kind == FlowAnswered.kind)
    )
    return any(data.get("answer") for data in rows)
