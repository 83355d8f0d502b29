"""Room telephony/queueing: a ring-back's rules. No I/O: state in, steps or a refusal out.

The operator is rung first: a citizen who answers must never wait for somebody to talk to.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telephony.bridge.ask import is_allowed
from telephony.bridge.refusals import Refusal
from telephony.bridge.steps import HangUp
from telephony.calls.state import Call

# An Originate that left no trace in Asterisk's own file by then rings nobody.
TRACE_WITHIN = timedelta(seconds=4)


@dataclass(frozen=True)
class RingCitizen:
    """The operator is on the line: ring the citizen, by the next trunk where one could not."""


@dataclass(frozen=True)
class SayNotReached:
    """The citizen could not be reached: the operator hears it and is free again."""

    leg_id: str


@dataclass(frozen=True)
class NobodyThere:
    """Asterisk never rang the operator's phone (not registered, say): the call is over."""


# What is done in every call alike is a step of `telephony.bridge.steps`.
RingBackStep = RingCitizen | SayNotReached | HangUp | NobodyThere


def may_ring_back(
    number: str, extension: str, live: Iterable[Call], allowed: Sequence[re.Pattern[str]]
) -> Refusal | None:
    """None where this number may be rung for this phone, else why not."""
    if not is_allowed(number, allowed):
        return Refusal.NUMBER_NOT_ALLOWED
    for call in live:
        if call.caller_number == number:
            return Refusal.CITIZEN_ON_LINE
        if any(leg.person_id == extension for leg in call.live()):
            return Refusal.OPERATOR_BUSY
    return None


def plan_ring_back(call: Call, now: datetime) -> list[RingBackStep]:
    """What is to be done now; asking again never does a thing twice."""
    ring_back = call.ring_back
    if ring_back is None or call.ended_at is not None or call.talked_at is not None:
        return []
    operator, citizen = call.legs.get(ring_back.leg_id), call.legs.get(ring_back.citizen_leg_id)
    if operator is None:
        return [NobodyThere()] if abs(now - ring_back.asked_at) > TRACE_WITHIN else []
    if not operator.is_live:
        rings = citizen is not None and citizen.is_live and citizen.answered_at is None
        # The operator is gone: the citizen's telephone rings for nobody.
        return [HangUp(ring_back.citizen_leg_id)] if rings else []
    if ring_back.ready_at is None or ring_back.told_at is not None:
        return []
    if ring_back.rung_at is None:
        return [RingCitizen()]
    lost = citizen is None and abs(now - ring_back.rung_at) > TRACE_WITHIN
    if lost or (citizen is not None and not citizen.is_live):
        return [SayNotReached(operator.leg_id)]
    return []
