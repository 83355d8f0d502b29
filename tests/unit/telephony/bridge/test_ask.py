"""Who may be connected, and why not."""

import re
from datetime import UTC, datetime

import pytest

from telephony.bridge.ask import DutyPerson, Ladder, is_allowed, may_connect
from telephony.bridge.refusals import WORDS, Refusal
from telephony.calls.state import Call, Leg, Request
from telephony.roles import Place, Role

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


def test_every_refusal_has_words_for_the_person_who_asked() -> None:
    assert set(WORDS) == set(Refusal)
