"""Room telephony/bridge: what to do next in a call. No I/O: state in, steps out.

Asked after every change. A step that was taken shows in the state (its fact is
written before it is carried out), so asking again never takes it twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from telephony.calls.state import Call, Leg, Request
from telephony.roles import Mode, Place, Role, RungOutcome

# Asterisk moves legs within milliseconds; a move not seen by then is asked again.
MOVE_AGAIN = timedelta(seconds=1)
# An Originate that left no trace in Asterisk's own file by then rings nobody.
TRACE_WITHIN = timedelta(seconds=4)


@dataclass(frozen=True)
class Ring:
    """Ring this rung of the ladder."""

    request_id: str
    rung: int


@dataclass(frozen=True)
class CloseRung:
    """This rung is spent without a leg of its own telling so."""

    request_id: str
    rung: int
    outcome: RungOutcome


@dataclass(frozen=True)
class MoveToRoom:
    """Move these legs, one or two, into the call's room in one action."""

    leg_ids: tuple[str, ...]


@dataclass(frozen=True)
class Joined:
    """Citizen and newcomer are together: the newcomer's waiting limit can be lifted."""

    request_id: str
    rung: int


@dataclass(frozen=True)
class CloseRequest:
    request_id: str
    how: str


@dataclass(frozen=True)
class HangUp:
    leg_id: str


@dataclass(frozen=True)
class SendHome:
    """The last one in a room hears a goodbye."""

    leg_id: str


Step = Ring | CloseRung | MoveToRoom | Joined | CloseRequest | HangUp | SendHome


def plan(call: Call, now: datetime, busy: set[str]) -> list[Step]:
    """Everything that is to be done now in this call, in order."""
    if call.ended_at is not None:
        return []
    steps: list[Step] = []
    for request in call.open_requests:
        steps += _next_in_ladder(call, request, now, busy)
    steps += _barge(call, now)
    steps += _lonely(call)
    return steps


def _next_in_ladder(call: Call, request: Request, now: datetime, busy: set[str]) -> list[Step]:
    if not _somebody_waits(call):
        return _give_up(call, request, "call_over")
    rung = request.current
    if rung is not None and rung.leg_id is not None:
        position = request.rungs.index(rung)
        leg = call.legs.get(rung.leg_id)
        if leg is None:
            spent = rung.rung_at is not None and now - rung.rung_at > TRACE_WITHIN
            return [CloseRung(request.request_id, position, RungOutcome.UNKNOWN)] if spent else []
        if leg.key == "accepted":
            return _let_in(call, request, position, leg, now)
        return []
    if any(rung.outcome is RungOutcome.JOINED for rung in request.rungs):
        return [CloseRequest(request.request_id, "joined")]
    following = request.next_rung
    if following is None:
        return [CloseRequest(request.request_id, "exhausted")]
    if request.rungs[following].person_id in busy:
        return [CloseRung(request.request_id, following, RungOutcome.BUSY)]
    return [Ring(request.request_id, following)]


def _somebody_waits(call: Call) -> bool:
    """A newcomer needs somebody to talk to: the citizen, or a helper still in the room."""
    return any(leg.is_talking and leg.role is not Role.SUPERVISOR for leg in call.live())


def _give_up(call: Call, request: Request, how: str) -> list[Step]:
    steps: list[Step] = [CloseRequest(request.request_id, how)]
    rung = request.current
    if rung is not None and rung.leg_id in call.legs and call.legs[rung.leg_id].is_live:
        leg = call.legs[rung.leg_id]
        if leg.key != "accepted":  # who accepted hears the dialplan's apology instead
            steps.append(HangUp(leg.leg_id))
    return steps


def _let_in(call: Call, request: Request, position: int, leg: Leg, now: datetime) -> list[Step]:
    others = [x for x in call.at(Place.ROOM) if x.leg_id != leg.leg_id]
    if leg.place is Place.ROOM and others:
        return [Joined(request.request_id, position)]
    return _move_pair(call, now)


def _move_pair(call: Call, now: datetime) -> list[Step]:
    pair = [x for x in call.at(Place.PAIR) if x.role is not Role.SUPERVISOR]
    if not pair or _just_moved(call, now):
        return []
    # The citizen first: with a third leg left over (never seen) two are moved now, one next.
    pair.sort(key=lambda x: x.role is not Role.CITIZEN)
    return [MoveToRoom(tuple(x.leg_id for x in pair[:2]))]


def _just_moved(call: Call, now: datetime) -> bool:
    return call.move_asked_at is not None and now - call.move_asked_at < MOVE_AGAIN


def _barge(call: Call, now: datetime) -> list[Step]:
    barging = any(leg.mode is Mode.BARGE for leg in call.live(Role.SUPERVISOR))
    return _move_pair(call, now) if barging else []


def _lonely(call: Call) -> list[Step]:
    """Somebody alone in a room, whom nobody will join any more."""
    if call.open_requests:
        return []
    room = call.at(Place.ROOM)
    elsewhere = [x for x in call.live() if x.place in (Place.PAIR, Place.ASIDE, Place.QUEUE)]
    arriving = [x for x in call.live() if x.key == "accepted" and x.place is Place.NOWHERE]
    if len(room) != 1 or elsewhere or arriving or call.at(Place.NOWHERE):
        return []
    return [SendHome(room[0].leg_id)]
