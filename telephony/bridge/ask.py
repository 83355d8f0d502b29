"""Room telephony/bridge: may this unit be connected into this call, and who is rung?

No I/O: state and ladder in, the request's facts or a refusal out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telephony.bridge.refusals import Refusal
from telephony.calls.state import Call
from telephony.roles import Place, Role


@dataclass(frozen=True)
class DutyPerson:
    """Somebody a unit has on duty now, in the order of the ladder."""

    person_id: str
    number: str
    ring_seconds: int


@dataclass(frozen=True)
class Ladder:
    """A unit's people on duty; `role` is what they are in the call."""

    unit_id: str
    role: Role
    persons: tuple[DutyPerson, ...]


def may_connect(
    call: Call | None, ladder: Ladder | None, busy: set[str], allowed: Sequence[re.Pattern[str]]
) -> Refusal | None:
    """None where the ladder may be rung for this call, else why not."""
    if call is None:
        return Refusal.UNKNOWN_CALL
    if call.ended_at is not None or not any(
        leg.place in (Place.PAIR, Place.ROOM) for leg in call.live()
    ):
        return Refusal.CALL_OVER
    if ladder is None:
        return Refusal.UNKNOWN_UNIT
    if not ladder.persons:
        return Refusal.NOBODY_ON_DUTY
    if any(request.unit_id == ladder.unit_id for request in call.open_requests):
        return Refusal.ALREADY_CONNECTING
    if any(person.number == call.caller_number for person in ladder.persons):
        return Refusal.NUMBER_IS_CALLER
    if not all(is_allowed(person.number, allowed) for person in ladder.persons):
        return Refusal.NUMBER_NOT_ALLOWED
    if all(person.person_id in busy for person in ladder.persons):
        return Refusal.LIAISON_BUSY
    return None


def is_allowed(number: str, allowed: Sequence[re.Pattern[str]]) -> bool:
    """Only digits and a leading plus, and one of the forms this hotline may dial."""
    return bool(re.fullmatch(r"\+?[0-9]{3,15}", number)) and any(
        pattern.fullmatch(number) for pattern in allowed
    )
