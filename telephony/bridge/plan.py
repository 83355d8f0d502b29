"""Room telephony/bridge: what to do next in a call. No I/O: state in, steps out.

Asked after every change. A step that was taken shows in the state (its fact is
written before it is carried out), so asking again never takes it twice.
"""

from datetime import datetime, timedelta

from telephony.bridge.left_alone import MOVE_AGAIN, left_alone
from telephony.bridge.steps import (
    CloseRequest,
    CloseRung,
    HangUp,
    Joined,
    MoveToRoom,
    PrepareWords,
    Ring,
    Step,
)
from telephony.calls.state import Call, Leg, Request
from telephony.roles import Mode, Place, Role, RungOutcome

# An Originate that left no trace in Asterisk's own file by then rings nobody.
TRACE_WITHIN = timedelta(seconds=4)
# From here a citizen is fetched for a newcomer who has pressed 1.
_FETCHED_FROM = (Place.LEAVING, Place.QUEUE, Place.MESSAGE)


def plan(call: Call, now: datetime, busy: set[str]) -> list[Step]:
    """Everything that is to be done now in this call, in order."""
    if call.ended_at is not None:
        return []
    steps: list[Step] = []
    for request in call.open_requests:
        steps += _next_in_ladder(call, request, now, busy)
    steps += [PrepareWords(leg.leg_id) for leg in call.live() if leg.wants_words]
    for request in call.requests.values():
        steps += _late_rings(call, request)
    steps += _barge(call, now)
    steps += _handed_over(call)
    steps += left_alone(call, now)
    # Two who have pressed 1 ask for the same move.
    return list(dict.fromkeys(steps))


def _next_in_ladder(call: Call, request: Request, now: datetime, busy: set[str]) -> list[Step]:
    newcomer = _accepted(call, request)
    if newcomer is not None:
        return _let_in(call, request, newcomer, now)
    if not _somebody_waits(call):
        return _give_up(call, request)
    rung = request.current
    if rung is not None and rung.leg_id is not None:
        if rung.leg_id in call.legs:
            return []
        spent = rung.rung_at is not None and abs(now - rung.rung_at) > TRACE_WITHIN
        position = request.rungs.index(rung)
        return [CloseRung(request.request_id, position, RungOutcome.UNKNOWN)] if spent else []
    if request.joined:
        return [CloseRequest(request.request_id, "joined")]
    following = request.next_rung
    if following is None:
        return [CloseRequest(request.request_id, "exhausted")]
    # A centre's line takes as many calls as it has dispatchers: only persons can be busy.
    engaged = busy | call.engaged(but=request.request_id)
    if request.rungs[following].person_id in engaged and request.role is not Role.EMERGENCY:
        return [CloseRung(request.request_id, following, RungOutcome.BUSY)]
    return [Ring(request.request_id, following)]


def _accepted(call: Call, request: Request) -> Leg | None:
    """Who has pressed 1 and is not known to be with the others yet."""
    rung = request.current
    leg = call.legs.get(rung.leg_id or "") if rung else None
    return leg if leg is not None and leg.is_live and leg.key == "accepted" else None


def _somebody_waits(call: Call) -> bool:
    """A newcomer needs somebody to talk to: the citizen, or a helper still in the room."""
    citizen = call.citizen
    if citizen and citizen.is_live and citizen.place not in (Place.LEAVING, Place.MESSAGE):
        return True  # also between two places: whoever is left alone is brought on within a second
    return any(leg.is_talking and leg.role is not Role.SUPERVISOR for leg in call.live())


def _give_up(call: Call, request: Request) -> list[Step]:
    steps: list[Step] = [CloseRequest(request.request_id, "call_over")]
    rung = request.current
    if rung is not None and rung.leg_id in call.legs and call.legs[rung.leg_id].is_live:
        steps.append(HangUp(rung.leg_id))
    return steps


def _let_in(call: Call, request: Request, leg: Leg, now: datetime) -> list[Step]:
    # Another newcomer who waits as well is nobody to talk to.
    waiting = {r.current.leg_id for r in call.open_requests if r.current}
    others = [x for x in call.at(Place.ROOM) if x.leg_id not in waiting]
    if leg.place is Place.ROOM and others:
        position = next(n for n, x in enumerate(request.rungs) if x.leg_id == leg.leg_id)
        return [Joined(request.request_id, position)]
    citizen = _to_be_fetched(call)
    if citizen is not None and not others and not call.at(Place.PAIR):
        return [] if _just_moved(call, now) else [MoveToRoom((citizen.leg_id,))]
    if not _anybody_else(call, leg):
        return [CloseRequest(request.request_id, "call_over")]  # they hear an apology
    return _move_pair(call, now)


def _to_be_fetched(call: Call) -> Leg | None:
    """The citizen, where they are somewhere from where a newcomer may have them brought."""
    citizen = call.citizen
    if citizen is None or not citizen.is_live:
        return None
    put_aside = citizen.place is Place.ASIDE and not call.live(Role.OPERATOR)
    return citizen if put_aside or citizen.place in _FETCHED_FROM else None


def _anybody_else(call: Call, leg: Leg) -> bool:
    return any(
        x.is_live and x.leg_id != leg.leg_id and x.role is not Role.SUPERVISOR
        for x in call.legs.values()
    )


def _move_pair(call: Call, now: datetime) -> list[Step]:
    pair = [x for x in call.at(Place.PAIR) if x.role is not Role.SUPERVISOR]
    if not pair or _just_moved(call, now):
        return []
    # The citizen first: with a third leg left over (never seen) two are moved now, one next.
    pair.sort(key=lambda x: x.role is not Role.CITIZEN)
    return [MoveToRoom(tuple(x.leg_id for x in pair[:2]))]


def _just_moved(call: Call, now: datetime) -> bool:
    return call.move_asked_at is not None and abs(now - call.move_asked_at) < MOVE_AGAIN


def _late_rings(call: Call, request: Request) -> list[Step]:
    """Rung when the request was ended: a cancel can be quicker than Asterisk's first word."""
    rung = request.current
    leg = call.legs.get(rung.leg_id or "") if rung else None
    if not request.is_over or leg is None or not leg.is_live:
        return []
    # Who pressed 1 and finds nobody hears the dialplan's apology instead.
    is_wanted = leg.key in ("accepted", "nobody_joined") and request.how != "cancelled"
    return [] if is_wanted else [HangUp(leg.leg_id)]


def _barge(call: Call, now: datetime) -> list[Step]:
    barging = any(leg.mode is Mode.BARGE for leg in call.live(Role.SUPERVISOR))
    return _move_pair(call, now) if barging else []


def _handed_over(call: Call) -> list[Step]:
    """Citizen and partner are together: the operators of that moment are free."""
    citizen = call.citizen
    if citizen is None or citizen.place is not Place.ROOM:
        return []
    partners = {x.leg_id for x in call.at(Place.ROOM)}
    done = [
        request.handover_at
        for request in call.requests.values()
        if request.handover_at and any(rung.leg_id in partners for rung in request.joined)
    ]
    return [
        HangUp(x.leg_id)
        for x in call.live(Role.OPERATOR)
        if any(x.started_at < moment for moment in done)
    ]
