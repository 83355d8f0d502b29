"""A ring-back's next step, from what is known of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from telephony.bridge.refusals import Refusal
from telephony.bridge.steps import HangUp
from telephony.calls.state import Call, Leg
from telephony.queueing.ring_back import (
    NobodyThere,
    RingBackStep,
    RingCitizen,
    SayNotReached,
    may_ring_back,
    plan_ring_back,
)
from telephony.queueing.state import RingBack
from telephony.roles import Role
from telephony.trunks.choosing import NotReached

START = datetime(2026, 11, 24, 1, 20, tzinfo=UTC)
CALL, OPERATOR = "pbx-r1", "o1"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def given(
    *, operator: str = "live", citizen: str = "", ready: bool = True, rung: bool = False,
    talked: bool = False, not_reached: bool = False,
) -> Call:  # fmt: skip
    """Legs are live, over, or not there at all (empty)."""
    call = Call(CALL, START, caller_number="13800000001")
    call.ring_back = RingBack(
        OPERATOR, "1001", START, at(3) if ready else None, at(3) if rung else None,
        citizen_leg_id=CALL if rung else "", tried=["a"] if rung or not_reached else [],
        not_reached=NotReached.REFUSED if not_reached else None,
    )  # fmt: skip
    for leg_id, role, state in (
        (OPERATOR, Role.OPERATOR, operator), (CALL, Role.CITIZEN, citizen),
    ):  # fmt: skip
        if state:
            over = at(4) if state == "over" else None
            call.legs[leg_id] = Leg(
                leg_id, role, f"PJSIP/{leg_id}", START, ended_at=over, person_id="1001"
            )
    call.talked_at = at(4) if talked else None
    return call


@pytest.mark.parametrize(
    ("call", "seconds", "steps"),
    [
        (given(operator="", ready=False), 1, []),
        (given(operator="", ready=False), 5, [NobodyThere()]),
        (given(operator="", ready=False), -3600, [NobodyThere()]),  # the clock was set back
        (given(ready=False), 5, []),
        (given(), 5, [RingCitizen()]),
        (given(rung=True), 5, []),
        (given(rung=True), 8, [SayNotReached(OPERATOR)]),
        (given(rung=True), -3600, [SayNotReached(OPERATOR)]),
        (given(rung=True, citizen="live"), 30, []),
        (given(rung=True, citizen="over"), 5, [SayNotReached(OPERATOR)]),
        (given(rung=True, citizen="over", talked=True), 5, []),
        (given(rung=True, operator="over", citizen="live"), 5, [HangUp(CALL)]),
        (given(operator="over"), 5, []),
        (given(citizen="over", not_reached=True), 5, [RingCitizen()]),  # by the next trunk
    ],
)
def test_the_next_step(call: Call, seconds: float, steps: list[RingBackStep]) -> None:
    assert plan_ring_back(call, at(seconds)) == steps


@pytest.mark.parametrize(
    ("number", "extension", "refusal"),
    [
        ("13800000002", "1002", None),
        ("13800000001", "1002", Refusal.CITIZEN_ON_LINE),
        ("13800000002", "1001", Refusal.OPERATOR_BUSY),
        ("00113800000002", "1002", Refusal.NUMBER_NOT_ALLOWED),
        ("6101;x", "1002", Refusal.NUMBER_NOT_ALLOWED),
    ],
)
def test_who_may_be_rung(number: str, extension: str, refusal: Refusal | None) -> None:
    allowed = [re.compile("1[3-9][0-9]{9}")]
    assert may_ring_back(number, extension, [given()], allowed) is refusal
