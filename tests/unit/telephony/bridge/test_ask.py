"""Who may be connected, and why not."""

import re
from datetime import UTC, datetime

import pytest

from casework.duty.lines import SHORT_NUMBERS
from telephony.bridge.ask import (
    EMERGENCY_NUMBERS,
    DutyPerson,
    Ladder,
    handed_over_by,
    is_allowed,
    may_connect,
)
from telephony.bridge.refusals import WORDS, Refusal
from telephony.calls.state import Call, Leg, Request, Rung
from telephony.roles import Place, Role, RungOutcome

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALLOWED = (re.compile(r"6[0-9]{3}"), re.compile(r"1[3-9][0-9]{9}"))


def talking(**more: object) -> Call:
    call = Call("c1", NOW, caller_number="13800000001")
    call.legs["citizen"] = Leg("citizen", Role.CITIZEN, "PJSIP/x", NOW, place=Place.PAIR)
    for field, value in more.items():
        setattr(call, field, value)
    return call


def ladder(*numbers: str) -> Ladder:
    persons = tuple(DutyPerson(f"p{number}", number, 8) for number in numbers)
    return Ladder("market", Role.LIAISON, persons)


def line(*numbers: str) -> Ladder:
    """A centre's line, and its fallback's."""
    return Ladder("police", Role.EMERGENCY, ladder(*numbers).persons)


def with_police(live: bool) -> Call:
    """110 has joined; and has left again, unless `live`."""
    call = talking()
    came = Rung("p110", "110", 8, leg_id="r-1", outcome=RungOutcome.JOINED)
    call.requests["r"] = Request("r", "police", Role.EMERGENCY, "general", [came], how="joined")
    call.legs["r-1"] = Leg(
        "r-1", Role.EMERGENCY, "PJSIP/y", NOW, ended_at=None if live else NOW, place=Place.ROOM
    )
    return call


RINGING = {"r": Request("r", "market", Role.LIAISON, "market", [])}


@pytest.mark.parametrize(
    ("call", "asked", "busy", "refusal"),
    [
        (talking(), ladder("6101", "6102"), set(), None),
        (None, ladder("6101"), set(), Refusal.UNKNOWN_CALL),
        (talking(ended_at=NOW), ladder("6101"), set(), Refusal.CALL_OVER),
        (talking(legs={}), ladder("6101"), set(), Refusal.CALL_OVER),
        (talking(), None, set(), Refusal.UNKNOWN_UNIT),
        (talking(), ladder(), set(), Refusal.NOBODY_ON_DUTY),
        (talking(requests=RINGING), ladder("6101"), set(), Refusal.ALREADY_CONNECTING),
        (talking(), ladder("6101", "13800000001"), set(), Refusal.NUMBER_IS_CALLER),
        (talking(), ladder("0085212345678"), set(), Refusal.NUMBER_NOT_ALLOWED),
        (talking(), ladder("6101"), {"p6101"}, Refusal.LIAISON_BUSY),
        (talking(), ladder("6101", "6102"), {"p6101"}, None),
        (talking(), line("110"), set(), None),
        (talking(), line("110"), {"p110"}, None),  # a centre has more than one dispatcher
        (talking(), line("110", "6101"), set(), None),
        (talking(), line("110", "9001"), set(), Refusal.NUMBER_NOT_ALLOWED),
        (talking(), line(), set(), Refusal.CLOSED),
        (talking(), ladder("110"), set(), Refusal.NUMBER_NOT_ALLOWED),
        (with_police(live=True), line("110"), set(), Refusal.ALREADY_THERE),
        (with_police(live=False), line("110"), set(), None),
    ],
)
def test_may_connect(
    call: Call | None, asked: Ladder | None, busy: set[str], refusal: Refusal | None
) -> None:
    assert may_connect(call, asked, busy, ALLOWED) is refusal


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        ("6101", True),
        ("13800000001", True),
        ("6101@elsewhere", False),
        ("6101&PJSIP/9", False),
        ("6101,1", False),
        ("００６１", False),
        ("", False),
        ("9001", False),
    ],
)
def test_only_digits_of_an_allowed_form_are_dialled(number: str, allowed: bool) -> None:
    assert is_allowed(number, ALLOWED) is allowed


@pytest.mark.parametrize("number", sorted(EMERGENCY_NUMBERS))
def test_emergency_numbers_are_dialled_for_emergency_centres_alone(number: str) -> None:
    """Whatever the general forms would let through."""
    anything = (re.compile(".*"),)
    for role in (None, *Role):
        assert is_allowed(number, anything, role) is (role is Role.EMERGENCY)
    assert is_allowed(number, (), Role.EMERGENCY)
    assert not is_allowed("10086", (), Role.EMERGENCY)


def test_both_lists_of_emergency_numbers_are_one() -> None:
    assert EMERGENCY_NUMBERS == SHORT_NUMBERS


def test_a_handover_takes_the_request_that_is_there() -> None:
    there, left = with_police(live=True), with_police(live=False)
    assert handed_over_by(there, "police") is there.requests["r"]
    assert handed_over_by(there, "fire") is None
    assert handed_over_by(left, "police") is None
    ringing = talking(requests=RINGING)
    assert handed_over_by(ringing, "market") is RINGING["r"]


def test_every_refusal_has_words_for_the_person_who_asked() -> None:
    assert set(WORDS) == set(Refusal)
