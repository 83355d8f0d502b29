"""The plan's rules as tables: state in, steps out."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.bridge.plan import plan
from telephony.bridge.steps import (
    Apologise,
    BackToQueue,
    CloseRequest,
    CloseRung,
    HangUp,
    Joined,
    MoveToRoom,
    PrepareWords,
    Ring,
    SendHome,
    Step,
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


def request(*rungs: Rung, **more: object) -> Request:
    made = Request("r1", "market", Role.LIAISON, "market", list(rungs))
    for field, value in more.items():
        setattr(made, field, value)
    return made


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


def gone(name: str, role: Role, after: int, **more: object) -> Leg:
    """Left `after` seconds after noon."""
    ended = NOW + timedelta(seconds=after)
    return leg(name, role, Place.NOWHERE, ended_at=ended, **more)


def ringing() -> Leg:
    return leg("r1-1", Role.LIAISON, Place.NOWHERE, answered_at=None)


def joined(**more: object) -> Request:
    how = {"how": "joined", "joined_at": NOW, **more}
    return request(rung("a", **RANG, outcome=RungOutcome.JOINED), **how)


def in_vain(after: int, how: str = "exhausted") -> Request:
    over = NOW + timedelta(seconds=after)
    return request(rung("a", **RANG, outcome=RungOutcome.NO_ANSWER), how=how, over_at=over)


PARTNER = leg("r1-1", Role.LIAISON, Place.ROOM, key="accepted")
ASIDE = leg("citizen", Role.CITIZEN, Place.ASIDE)
LEAVING = leg("citizen", Role.CITIZEN, Place.LEAVING)
OPERATOR_IN_ROOM = leg("operator", Role.OPERATOR, Place.ROOM)
# A second newcomer, asked for by another request, who has pressed 1 as well.
RANG_TOO = rung("b", leg_id="r2-1", rung_at=NOW)
SECOND = Request("r2", "petition", Role.PETITION, "petition", [RANG_TOO])
RINGS_A = Request(
    "r0", "police", Role.LIAISON, "police", [rung("a", leg_id="r0-1", rung_at=NOW)]
)  # fmt: skip
SECOND_LEG = leg("r2-1", Role.PETITION, Place.ROOM, key="accepted")
ASKED = NOW + timedelta(seconds=5)

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
    "the first is in this call already": (
        call(
            CITIZEN, OPERATOR, leg("r0-1", Role.LIAISON, Place.ROOM, person_id="a"),
            requests=(request(rung("a"), rung("b")),),
        ),
        set(),
        [CloseRung("r1", 0, RungOutcome.BUSY)],
    ),
    "the first is being rung for this call already": (
        call(CITIZEN, OPERATOR, requests=(RINGS_A, request(rung("a"), rung("b")))),
        set(),
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


# -- between the 1 and the room --
TABLE |= {
    "two have pressed 1 at once: each other is nobody to talk to, the pair is moved once": (
        call(CITIZEN, OPERATOR, accepted(), SECOND_LEG,
             requests=(request(rung("a", **RANG)), SECOND)),
        set(),
        [MoveToRoom(("citizen", "operator"))],
    ),
    "two have pressed 1 and the citizen is there: both stay": (
        call(IN_ROOM, accepted(), SECOND_LEG, requests=(request(rung("a", **RANG)), SECOND)),
        set(),
        [Joined("r1", 0), Joined("r2", 0)],
    ),
    "the operator hung up after the 1: the citizen is fetched out of their goodbye": (
        call(LEAVING, gone("operator", Role.OPERATOR, 3), accepted(),
             requests=(request(rung("a", **RANG)),)),
        set(),
        [MoveToRoom(("citizen",))],
    ),
    "… and before the 1: who is rung hears no more of it": (
        call(LEAVING, gone("operator", Role.OPERATOR, 3), ringing(),
             requests=(request(rung("a", **RANG)),)),
        set(),
        [CloseRequest("r1", "call_over"), HangUp("r1-1")],
    ),
    "the operator hung up while it rings, the citizen is between two places: wait": (
        call(leg("citizen", Role.CITIZEN, Place.NOWHERE), gone("operator", Role.OPERATOR, 3),
             ringing(), requests=(request(rung("a", **RANG)),)),
        set(),
        [],
    ),
    "citizen and operator hung up after the 1: an apology": (
        call(gone("citizen", Role.CITIZEN, 3), gone("operator", Role.OPERATOR, 3), accepted(),
             requests=(request(rung("a", **RANG)),)),
        set(),
        [CloseRequest("r1", "call_over")],
    ),
    "… once the request is over": (
        call(gone("citizen", Role.CITIZEN, 3), accepted(),
             requests=(request(rung("a", **RANG), how="call_over", over_at=NOW),)),
        set(),
        [Apologise("r1-1")],
    ),
    "put aside, the operator gone, and somebody pressed 1: the citizen is fetched": (
        call(ASIDE, gone("operator", Role.OPERATOR, 3), accepted(),
             requests=(request(rung("a", **RANG)),)),
        set(),
        [MoveToRoom(("citizen",))],
    ),
    "put aside by an operator who is there: the citizen stays aside": (
        call(ASIDE, OPERATOR_IN_ROOM, accepted(), requests=(request(rung("a", **RANG)),)),
        set(),
        [Joined("r1", 0)],
    ),
    "cancelled before Asterisk told of the leg: it is hung up when it shows": (
        call(CITIZEN, OPERATOR, ringing(),
             requests=(request(rung("a", **RANG), how="cancelled", over_at=NOW),)),
        set(),
        [HangUp("r1-1")],
    ),
    "cancelled and accepted at once: cancelled": (
        call(CITIZEN, OPERATOR, accepted(),
             requests=(request(rung("a", **RANG), how="cancelled", over_at=NOW),)),
        set(),
        [HangUp("r1-1")],
    ),
    "a centre's line is never busy in another call": (
        call(CITIZEN, OPERATOR, requests=(request(rung("a"), role=Role.EMERGENCY),)),
        {"a"},
        [Ring("r1", 0)],
    ),
    "key 3: the words are made ready": (
        call(CITIZEN, OPERATOR, leg("r1-1", Role.EMERGENCY, Place.NOWHERE, wants_words=True),
             requests=(request(rung("a", **RANG), role=Role.EMERGENCY),)),
        set(),
        [PrepareWords("r1-1")],
    ),
}  # fmt: skip

# -- handed over: the operator leaves, and who looks after the citizen then --
TABLE |= {
    "handed over and together: the operator is free": (
        call(IN_ROOM, OPERATOR_IN_ROOM, PARTNER, requests=(joined(handover_at=ASKED),)),
        set(),
        [HangUp("operator")],
    ),
    "handed over, but the citizen has left: the operator talks on": (
        call(gone("citizen", Role.CITIZEN, 3), OPERATOR_IN_ROOM, PARTNER,
             requests=(joined(handover_at=ASKED),)),
        set(),
        [],
    ),
    "an operator who came after the handover is not sent away": (
        call(IN_ROOM, leg("operator", Role.OPERATOR, Place.ROOM, started_at=ASKED), PARTNER,
             requests=(joined(handover_at=ASKED),)),
        set(),
        [],
    ),
    "citizen and partner without an operator talk on": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), PARTNER, requests=(joined(),)),
        set(),
        [],
    ),
    "the partner left after the operator: back to the queue": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), gone("r1-1", Role.LIAISON, 60),
             requests=(joined(),)),
        set(),
        [BackToQueue("citizen")],
    ),
    "operator and partner hung up together, whoever is told first: the talk was over": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), gone("r1-1", Role.LIAISON, 4),
             requests=(joined(),)),
        set(),
        [SendHome("citizen")],
    ),
    "handed over, and the partner's line dropped at once: back to the queue": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 6), gone("r1-1", Role.LIAISON, 7),
             requests=(joined(handover_at=ASKED),)),
        set(),
        [BackToQueue("citizen")],
    ),
    "handed over, and the partner gone even before the operator: back to the queue": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 7), gone("r1-1", Role.LIAISON, 6),
             requests=(joined(handover_at=ASKED),)),
        set(),
        [BackToQueue("citizen")],
    ),
    "handed over, back in the queue, and the next operator ended the talk: it was over": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 6), gone("r1-1", Role.LIAISON, 7),
             gone("next", Role.OPERATOR, 60, started_at=NOW + timedelta(seconds=20)),
             requests=(joined(handover_at=ASKED),)),
        set(),
        [SendHome("citizen")],
    ),
    "the partner who joined after the operator had left drops at once: back to the queue": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), gone("r1-1", Role.LIAISON, 4),
             requests=(joined(joined_at=NOW + timedelta(seconds=3.5)),)),
        set(),
        [BackToQueue("citizen")],
    ),
    "the operator left after the partner: the talk was over": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 60), gone("r1-1", Role.LIAISON, 3),
             requests=(joined(),)),
        set(),
        [SendHome("citizen")],
    ),
    "the operator left while it rang, and nobody came: back to the queue": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), requests=(in_vain(20),)),
        set(),
        [BackToQueue("citizen")],
    ),
    "nobody came, and then the operator left: the talk was over": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 60), requests=(in_vain(20),)),
        set(),
        [SendHome("citizen")],
    ),
    "the operator left while it rang, and it was cancelled: back to the queue": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), requests=(in_vain(20, "cancelled"),)),
        set(),
        [BackToQueue("citizen")],
    ),
    "a supervisor who barged in left last: the talk was over": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), gone("r1-1", Role.LIAISON, 60),
             gone("sup", Role.SUPERVISOR, 70, mode=Mode.BARGE), requests=(joined(),)),
        set(),
        [SendHome("citizen")],
    ),
    "a supervisor who only listened is nobody who left": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), gone("r1-1", Role.LIAISON, 60),
             gone("sup", Role.SUPERVISOR, 70, mode=Mode.LISTEN), requests=(joined(),)),
        set(),
        [BackToQueue("citizen")],
    ),
    "put aside, and everybody left: back to the queue": (
        call(ASIDE, gone("operator", Role.OPERATOR, 3)), set(), [BackToQueue("citizen")],
    ),
    "alone while somebody is rung: they wait": (
        call(IN_ROOM, gone("operator", Role.OPERATOR, 3), ringing(),
             requests=(request(rung("a", **RANG)),)),
        set(),
        [],
    ),
    "the citizen left: the last helper hears goodbye": (
        call(gone("citizen", Role.CITIZEN, 3), OPERATOR_IN_ROOM), set(), [SendHome("operator")],
    ),
    "the citizen left: a partner who had joined hears goodbye, no apology": (
        call(gone("citizen", Role.CITIZEN, 3), PARTNER, requests=(joined(),)),
        set(),
        [SendHome("r1-1")],
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


def test_who_was_just_sent_away_is_not_sent_again_and_a_lost_move_is() -> None:
    state = call(IN_ROOM)
    citizen = state.legs["citizen"]
    citizen.sent_away_at = NOW - timedelta(milliseconds=200)
    assert plan(state, NOW, set()) == []
    citizen.sent_away_at = NOW - timedelta(seconds=2)
    assert plan(state, NOW, set()) == [SendHome("citizen")]


def test_a_call_that_is_over_needs_nothing() -> None:
    state = call(CITIZEN, requests=(request(rung("a")),))
    state.ended_at = NOW
    assert plan(state, NOW, set()) == []
