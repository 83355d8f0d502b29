"""The plan's rules as tables: state in, steps out."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.bridge.plan import (
    CloseRequest,
    CloseRung,
    HangUp,
    Joined,
    MoveToRoom,
    Ring,
    SendHome,
    Step,
    plan,
)
from telephony.calls.state import Call, Leg, Request, Rung
from telephony.roles import Mode, Place, Role, RungOutcome

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def leg(name: str, role: Role, place: Place, **more: object) -> Leg:
    made = Leg(name, role, f"PJSIP/{name}", NOW, answered_at=NOW, place=place)
    for field, value in more.items():
        setattr(made, field, value)
    return made


def call(*legs: Leg, requests: tuple[Request, ...] = ()) -> Call:
    return Call(
        "c1", NOW, legs={x.leg_id: x for x in legs}, requests={r.request_id: r for r in requests}
    )


def request(*rungs: Rung) -> Request:
    return Request("r1", "market", Role.LIAISON, "market", list(rungs))


def rung(person: str, **more: object) -> Rung:
    made = Rung(person, "6101", 8)
    for field, value in more.items():
        setattr(made, field, value)
    return made


CITIZEN = leg("citizen", Role.CITIZEN, Place.PAIR)
OPERATOR = leg("operator", Role.OPERATOR, Place.PAIR)
IN_ROOM = leg("citizen", Role.CITIZEN, Place.ROOM)
RANG = {"leg_id": "r1-1", "rung_at": NOW}
NEWCOMER = {"request_id": "r1"}


def accepted(place: Place = Place.ROOM) -> Leg:
    return leg("r1-1", Role.LIAISON, place, key="accepted")


TABLE: dict[str, tuple[Call, set[str], list[Step]]] = {
    "nothing asked, nothing to do": (call(CITIZEN, OPERATOR), set(), []),
    "asked: the first is rung": (
        call(CITIZEN, OPERATOR, requests=(request(rung("a"), rung("b")),)),
        set(),
        [Ring("r1", 0)],
    ),
    "the first is busy in another call": (
        call(CITIZEN, OPERATOR, requests=(request(rung("a"), rung("b")),)),
        {"a"},
        [CloseRung("r1", 0, RungOutcome.BUSY)],
    ),
    "ringing: wait": (
        call(
            CITIZEN, OPERATOR, leg("r1-1", Role.LIAISON, Place.NOWHERE, answered_at=None),
            requests=(request(rung("a", **RANG), rung("b")),),
        ),
        set(),
        [],
    ),
    "the first did not answer: the second is rung": (
        call(
            CITIZEN, OPERATOR,
            requests=(request(rung("a", **RANG, outcome=RungOutcome.NO_ANSWER), rung("b")),),
        ),
        set(),
        [Ring("r1", 1)],
    ),
    "nobody left": (
        call(
            CITIZEN, OPERATOR,
            requests=(request(rung("a", **RANG, outcome=RungOutcome.NO_ANSWER)),),
        ),
        set(),
        [CloseRequest("r1", "exhausted")],
    ),
    "no trace of the ring yet: wait, never ring again": (
        call(CITIZEN, OPERATOR, requests=(request(rung("a", **RANG), rung("b")),)),
        set(),
        [],
    ),
    "no trace of the ring after a while: it is spent": (
        call(
            CITIZEN, OPERATOR,
            requests=(
                request(rung("a", leg_id="r1-1", rung_at=NOW - timedelta(seconds=9)), rung("b")),
            ),
        ),
        set(),
        [CloseRung("r1", 0, RungOutcome.UNKNOWN)],
    ),
    "accepted: the pair is moved in one action, the citizen first": (
        call(OPERATOR, CITIZEN, accepted(), requests=(request(rung("a", **RANG)),)),
        set(),
        [MoveToRoom(("citizen", "operator"))],
    ),
    "accepted and together: the newcomer stays": (
        call(IN_ROOM, accepted(), requests=(request(rung("a", **RANG)),)),
        set(),
        [Joined("r1", 0)],
    ),
    "accepted, but not in the room yet and nobody to move: wait": (
        call(IN_ROOM, accepted(Place.NOWHERE), requests=(request(rung("a", **RANG)),)),
        set(),
        [],
    ),
    "everybody left while it rang: stop ringing": (
        call(
            leg("r1-1", Role.LIAISON, Place.NOWHERE, answered_at=None),
            requests=(request(rung("a", **RANG), rung("b")),),
        ),
        set(),
        [CloseRequest("r1", "call_over"), HangUp("r1-1")],
    ),
    "everybody left, and the newcomer has accepted: the dialplan apologises": (
        call(accepted(Place.NOWHERE), requests=(request(rung("a", **RANG)),)),
        set(),
        [CloseRequest("r1", "call_over")],
    ),
    "a supervisor barges into a pair: it becomes a room": (
        call(
            CITIZEN, OPERATOR, leg("sup", Role.SUPERVISOR, Place.ROOM, mode=Mode.BARGE),
        ),
        set(),
        [MoveToRoom(("citizen", "operator"))],
    ),
    "a listening supervisor moves nobody": (
        call(
            CITIZEN, OPERATOR, leg("sup", Role.SUPERVISOR, Place.MONITORING, mode=Mode.LISTEN),
        ),
        set(),
        [],
    ),
    "the last one in the room hears goodbye": (call(IN_ROOM), set(), [SendHome("citizen")]),
    "alone in the room, but somebody is put aside": (
        call(IN_ROOM, leg("operator", Role.OPERATOR, Place.ASIDE)), set(), [],
    ),
    "alone in the room, but somebody is being rung": (
        call(IN_ROOM, requests=(request(rung("a")),)), set(), [Ring("r1", 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_plan(case: str) -> None:
    state, busy, steps = TABLE[case]
    assert plan(state, NOW, busy) == steps


def test_a_move_just_asked_is_not_asked_again_and_a_lost_one_is() -> None:
    state = call(CITIZEN, OPERATOR, accepted(), requests=(request(rung("a", **RANG)),))
    state.move_asked_at = NOW - timedelta(milliseconds=200)
    assert plan(state, NOW, set()) == []
    state.move_asked_at = NOW - timedelta(seconds=2)
    assert plan(state, NOW, set()) == [MoveToRoom(("citizen", "operator"))]


def test_a_call_that_is_over_needs_nothing() -> None:
    state = call(CITIZEN, requests=(request(rung("a")),))
    state.ended_at = NOW
    assert plan(state, NOW, set()) == []
