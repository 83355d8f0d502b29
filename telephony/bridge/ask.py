"""Room telephony/bridge: may this unit be connected into this call, and who is rung?

No I/O: state and ladder in, the request's facts or a refusal out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from telephony.bridge.refusals import Refusal
from telephony.calls.state import Call, Request
from telephony.roles import Place, Role

# Dialled for a unit of kind emergency alone, whatever the general forms would allow.
EMERGENCY_NUMBERS: Final = frozenset({"110", "119", "120", "122", "12119", "12122", "12395"})


@dataclass(frozen=True)
class DutyPerson:
    """Somebody a unit has on duty now, in the order of the ladder.

    `unit_id`: for whom they answer, where that is another unit than was asked for.
    """

    person_id: str
    number: str
    ring_seconds: int
    unit_id: str = ""


@dataclass(frozen=True)
class Ladder:
    """A unit's people on duty, then its fallback's; `role` is what they are in the call."""

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
    is_line = ladder.role is Role.EMERGENCY
    if not ladder.persons:
        return Refusal.CLOSED if is_line else Refusal.NOBODY_ON_DUTY
    if any(request.unit_id == ladder.unit_id for request in call.open_requests):
        return Refusal.ALREADY_CONNECTING
    if is_line and ladder.unit_id in call.units_there:
        return Refusal.ALREADY_THERE
    if any(person.number == call.caller_number for person in ladder.persons):
        return Refusal.NUMBER_IS_CALLER
    if not all(is_allowed(person.number, allowed, ladder.role) for person in ladder.persons):
        return Refusal.NUMBER_NOT_ALLOWED
    # A centre's line takes as many calls as it has dispatchers: only persons can be busy.
    if not is_line and all(person.person_id in busy for person in ladder.persons):
        return Refusal.LIAISON_BUSY
    return None


def handed_over_by(call: Call, unit_id: str) -> Request | None:
    """The request by which this unit is rung or has come already; a handover needs no other."""
    asked = [request for request in call.requests.values() if request.unit_id == unit_id]
    there = {leg.leg_id for leg in call.live()}
    return next(
        (r for r in asked if not r.is_over or any(x.leg_id in there for x in r.joined)), None
    )


def is_allowed(number: str, allowed: Sequence[re.Pattern[str]], role: Role | None = None) -> bool:
    """Only digits and a leading plus, and one of the forms this hotline may dial."""
    if number in EMERGENCY_NUMBERS:
        return role is Role.EMERGENCY
    return bool(re.fullmatch(r"\+?[0-9]{3,15}", number)) and any(
        pattern.fullmatch(number) for pattern in allowed
    )
