"""Room api: who sees whose number, and which facts. Decided here alone, without I/O."""

from collections.abc import Mapping
from typing import Any

from api.permissions import Role
from store.masking import masked

# Those who speak with citizens, or lead those who do.
SEES_CITIZENS = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.LEADER})
SEES_STAFF = frozenset({Role.ADMIN, Role.SUPERVISOR})
# A supervisor who listens is not to be noticed by those listened to.
SEES_LISTENERS = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN})
SEES_AUDIT = frozenset({Role.AUDITOR, Role.ADMIN})

# Fact kind → who hears of it; all others are for everybody who may have the feed.
HEARD_BY: dict[str, frozenset[Role]] = {
    "recording_opened": SEES_AUDIT,
    "signed_in": SEES_AUDIT,
    "signed_out": SEES_AUDIT,
    "sign_in_refused": SEES_AUDIT,
    "monitoring_asked": SEES_LISTENERS,
    "monitoring_mode": SEES_LISTENERS,
    "numbers_revealed": SEES_AUDIT,
    "account_added": SEES_AUDIT,
    "account_disabled": SEES_AUDIT,
}


def citizen_number(role: Role, number: str | None) -> str | None:
    return number if role in SEES_CITIZENS or number is None else masked(number)


def citizen_name(role: Role, name: str | None) -> str | None:
    return name if role in SEES_CITIZENS else None


def staff_number(role: Role, number: str) -> str:
    """Of liaisons, petition officers, leaders: their own telephones."""
    return number if role in SEES_STAFF else masked(number)


def leg_number(role: Role, leg_role: str, number: str | None) -> str | None:
    """Extensions of operators and supervisors are no secret."""
    if number is None or leg_role in ("operator", "supervisor"):
        return number
    if leg_role == "citizen":
        return citizen_number(role, number)
    return staff_number(role, number)


def sees_leg(role: Role, leg_role: str, mode: str | None) -> bool:
    """Whether this leg is shown: those who only listen or whisper are not shown to all."""
    return leg_role != "supervisor" or mode == "barge" or role in SEES_LISTENERS


def heard_by(role: Role, timeline: dict[str, Any]) -> dict[str, Any]:
    """A transcript without what a supervisor whispered, for those who are not to know of it."""
    if role in SEES_LISTENERS:
        return timeline
    said = [one for one in timeline["utterances"] if one["role"] != "supervisor"]
    return {**timeline, "utterances": said}


def hears_fact(role: Role, kind: str, data: Mapping[str, Any]) -> bool:
    """Whether this fact is for this role."""
    if data.get("role") == "supervisor" and role not in SEES_LISTENERS:
        return False
    if is_hidden_command(role, data.get("command")):
        return False
    return kind not in HEARD_BY or role in HEARD_BY[kind]


def is_hidden_command(role: Role, command: str | None) -> bool:
    """Whether this command and its fate are hidden from this role."""
    return command == "listen" and role not in SEES_LISTENERS


def fact_for(role: Role, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What this role is told by a fact that it hears."""
    if kind != "recording_sealed" or role in SEES_LISTENERS:
        return dict(data)
    return {**data, "tracks": [x for x in data["tracks"] if x["role"] != "supervisor"]}
