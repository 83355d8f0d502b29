"""Room telephony/calls: one event of Asterisk → the facts it means for its call.

Plain functions: they look at the state, they change nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from store.facts import Fact
from telephony import dialplan
from telephony import facts as f
from telephony.bridge.reading import READERS as BRIDGING
from telephony.calls.missed import NAME_LONGEST, as_if_seen, missed
from telephony.calls.state import Call, Calls, Leg, Request
from telephony.cel.events import CelEvent
from telephony.ivr.reading import FLOW_WORDS, flow_facts
from telephony.numbers import read_number
from telephony.queueing import reading as queueing
from telephony.roles import Mode, Place, Role, RungOutcome
from telephony.trunks.choosing import not_reached

# Q.850 causes → what they mean for somebody who was rung.
_CAUSES = {
    17: RungOutcome.BUSY,
    18: RungOutcome.NO_ANSWER,
    19: RungOutcome.NO_ANSWER,
    16: RungOutcome.NO_ANSWER,
    26: RungOutcome.NO_ANSWER,
    0: RungOutcome.NO_ANSWER,
    21: RungOutcome.DECLINED,
}


@dataclass(frozen=True)
class Meant:
    """A fact and the personal data that travels beside it."""

    fact: Fact
    private: dict[str, Any] = field(default_factory=dict)


def read(event: CelEvent, calls: Calls, node: str) -> list[Meant]:
    """The facts this event means; none for events that mean nothing to a call of ours."""
    reader = _READERS.get(event.moment)
    if reader is None:
        return []
    unseen = missed(event, calls, node)
    if not unseen:
        return reader(event, calls, node)
    seen = as_if_seen(calls, event.call_id or "", unseen)
    return [*(Meant(fact, private) for fact, private in unseen), *reader(event, seen, node)]


def _text(event: CelEvent) -> str:
    """What the dialplan wrote after the comma of CELGenUserEvent."""
    return str(event.extra.get("text", ""))


def _chan_start(event: CelEvent, calls: Calls, node: str) -> list[Meant]:
    call = calls.of(event.unique_id, event.linked_id)
    if call is None:
        return []
    return [_leg_started(event, call)]


def _leg_started(event: CelEvent, call: Call) -> Meant:
    rung = call.rung_of(event.unique_id)
    endpoint = event.channel.partition("/")[2].rpartition("-")[0]
    if rung:
        request, number = rung
        person = request.rungs[number]
        fact = f.LegStarted(
            at=event.at, call_id=call.call_id, leg_id=event.unique_id, role=request.role,
            channel=event.channel, person_id=person.person_id, request_id=request.request_id,
        )  # fmt: skip
        return Meant(fact, {"number": person.number})
    if call.ring_back and event.unique_id == call.ring_back.citizen_leg_id:
        fact = f.LegStarted(
            at=event.at, call_id=call.call_id, leg_id=event.unique_id, role=Role.CITIZEN,
            channel=event.channel,
        )  # fmt: skip
        return Meant(fact, {"number": call.caller_number})
    if event.context == dialplan.DIAL_IN:  # over a trunk: a flow gives the caller to somebody
        fact = f.LegStarted(
            at=event.at, call_id=call.call_id, leg_id=event.unique_id, role=Role.LIAISON,
            channel=event.channel,
        )  # fmt: skip
        return Meant(fact)
    role = Role.SUPERVISOR if event.unique_id in call.monitor_leg_ids else Role.OPERATOR
    fact = f.LegStarted(
        at=event.at, call_id=call.call_id, leg_id=event.unique_id, role=role,
        channel=event.channel, person_id=endpoint,
    )  # fmt: skip
    return Meant(fact, {"number": endpoint})


def _call(event: CelEvent, calls: Calls, node: str) -> list[Meant]:
    if event.unique_id in calls.by_id:
        return []
    started = f.CallStarted(
        at=event.at, call_id=event.unique_id, node=node, called=_text(event) or event.exten
    )
    leg = f.LegStarted(
        at=event.at, call_id=event.unique_id, leg_id=event.unique_id, role=Role.CITIZEN,
        channel=event.channel,
    )  # fmt: skip
    caller = read_number(event.caller_number, calls.area_code)
    who = {**caller.private(), "caller_name": event.caller_name[:NAME_LONGEST]}
    return [Meant(started, who), Meant(leg, {"number": caller.canonical})]


def _on_leg(
    make: Callable[[CelEvent, Call, Leg], list[Fact]],
) -> Callable[[CelEvent, Calls, str], list[Meant]]:
    """A reader for events that only mean something on a leg we know and that is live."""

    def reader(event: CelEvent, calls: Calls, node: str) -> list[Meant]:
        call = calls.of(event.unique_id, event.linked_id)
        leg = call.legs.get(event.unique_id) if call else None
        if call is None or leg is None or not leg.is_live:
            return []
        return [Meant(fact) for fact in make(event, call, leg)]

    return reader


def _answer(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    if leg.answered_at is not None:
        return []
    return [f.LegAnswered(at=event.at, call_id=call.call_id, leg_id=leg.leg_id, role=leg.role)]


def _track(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    made: list[Fact] = []
    role = Role(event.role) if event.role in set(Role) else leg.role
    if role is not leg.role:
        made.append(f.LegNamed(at=event.at, call_id=call.call_id, leg_id=leg.leg_id, role=role))
    made.append(
        f.TrackStarted(
            at=event.at, call_id=call.call_id, leg_id=leg.leg_id, role=role,
            started_ms=int(_text(event) or 0),
        )
    )  # fmt: skip
    return made


def _moved(place: Place, room: str = "") -> Callable[[CelEvent, Call, Leg], list[Fact]]:
    def make(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
        if leg.place is place:
            return []
        return [
            f.LegMoved(
                at=event.at, call_id=call.call_id, leg_id=leg.leg_id, role=leg.role, place=place,
                room=room,
            )
        ]  # fmt: skip

    return make


def _queued(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    return queueing.queued(event, call, leg) + _moved(Place.QUEUE)(event, call, leg)


def _feature(event: CelEvent, calls: Calls, node: str) -> list[Meant]:
    return [Meant(fact) for fact in queueing.feature(event)]


def _flow(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    return flow_facts(event.moment, event.at, call.call_id, _text(event))


def _bridge_enter(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    # A supervisor's ChanSpy and the music of a held leg enter no bridge of ours.
    is_conference = event.app.lower() == "confbridge"
    if not is_conference and event.context != dialplan.ROOM:
        return _moved(Place.PAIR)(event, call, leg)
    # ConfBridge(name,profile,user)
    room = event.app_data.split(",")[0] if is_conference else ""
    return _moved(Place.ROOM, room)(event, call, leg)


def _bridge_exit(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    if leg.place not in (Place.PAIR, Place.ROOM):
        return []
    return _moved(Place.NOWHERE)(event, call, leg)


def _accepted(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    rung = call.rung_of(leg.leg_id)
    if rung is None or leg.key == "accepted":
        return []
    fact = f.ConnectAccepted(
        at=event.at, call_id=call.call_id, request_id=rung[0].request_id, leg_id=leg.leg_id
    )
    return [fact, _key(event, call, rung[0], leg, "accepted")]


def _key(event: CelEvent, call: Call, request: Request, leg: Leg, outcome: str) -> Fact:
    return f.ConnectAnswered(
        at=event.at, call_id=call.call_id, request_id=request.request_id, leg_id=leg.leg_id,
        outcome=outcome,
    )  # fmt: skip


def _dial_over(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    rung = call.rung_of(leg.leg_id)
    if rung is None:
        return queueing.ring_over(event, call, leg)
    if leg.answered_at is not None or rung[0].is_over:
        return []
    request, number = rung
    why = not_reached(_text(event))
    if why is None or request.rungs[number].outcome is not None:
        return []
    return [
        f.RungNotReached(
            at=event.at, call_id=call.call_id, request_id=request.request_id, rung=number,
            leg_id=leg.leg_id, why=why,
        )
    ]  # fmt: skip


def _pressed(outcome: str) -> Callable[[CelEvent, Call, Leg], list[Fact]]:
    def make(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
        rung = call.rung_of(leg.leg_id)
        return [_key(event, call, rung[0], leg, outcome)] if rung else []

    return make


def _monitor(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    mode = Mode((_text(event) or "listen").split()[0])
    made: list[Fact] = [
        f.MonitoringMode(at=event.at, call_id=call.call_id, leg_id=leg.leg_id, mode=mode)
    ]
    if mode is not Mode.BARGE:
        made += _moved(Place.MONITORING)(event, call, leg)
    return made


def _hangup(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    cause = event.extra.get("hangupcause")
    number = cause if isinstance(cause, int) else None
    return leg_over(event.at, call, leg, number)


def leg_over(at: Any, call: Call, leg: Leg, cause: int | None) -> list[Fact]:
    """The facts of a leg's end: the leg, its rung of a ladder, and maybe the call."""
    made: list[Fact] = [
        f.LegEnded(at=at, call_id=call.call_id, leg_id=leg.leg_id, role=leg.role, cause=cause)
    ]
    rung = call.rung_of(leg.leg_id)
    if rung and rung[0].rungs[rung[1]].outcome is None:
        request, number = rung
        made.append(
            f.RungOver(
                at=at, call_id=call.call_id, request_id=request.request_id, rung=number,
                outcome=_outcome(leg, cause),
            )
        )  # fmt: skip
    others = [x for x in call.live() if x.leg_id != leg.leg_id]
    if not others:
        made.append(f.CallEnded(at=at, call_id=call.call_id, line_broke=cause is None))
    return made


def _outcome(leg: Leg, cause: int | None) -> RungOutcome:
    """How a ring ended whose leg is gone before anybody was joined."""
    if leg.key in ("accepted", "nobody_joined"):
        return RungOutcome.ACCEPTED_TOO_LATE
    if leg.key == "declined":
        return RungOutcome.DECLINED
    if leg.answered_at is not None:
        return RungOutcome.NO_KEY if leg.key in ("no_key", "wrong_key") else RungOutcome.HUNG_UP
    if cause is None:
        return RungOutcome.UNKNOWN
    return _CAUSES.get(cause, RungOutcome.UNAVAILABLE)


_READERS: dict[str, Callable[[CelEvent, Calls, str], list[Meant]]] = {
    "CHAN_START": _chan_start,
    dialplan.CALL: _call,
    "ANSWER": _on_leg(_answer),
    dialplan.TRACK: _on_leg(_track),
    dialplan.QUEUED: _on_leg(_queued),
    dialplan.CALL_BACK_ASKED: _on_leg(queueing.call_back_asked),
    dialplan.TURNED_AWAY: _on_leg(queueing.turned_away),
    dialplan.RING_BACK_READY: _on_leg(queueing.ring_back_ready),
    dialplan.FEATURE: _feature,
    dialplan.UNQUEUED: _on_leg(_moved(Place.NOWHERE)),
    dialplan.MESSAGE_STARTED: _on_leg(_moved(Place.MESSAGE)),
    dialplan.PUT_ASIDE: _on_leg(_moved(Place.ASIDE)),
    dialplan.SAID_GOODBYE: _on_leg(_moved(Place.LEAVING)),
    "BRIDGE_ENTER": _on_leg(_bridge_enter),
    "BRIDGE_EXIT": _on_leg(_bridge_exit),
    dialplan.ACCEPTED: _on_leg(_accepted),
    dialplan.DECLINED: _on_leg(_pressed("declined")),
    dialplan.WRONG_KEY: _on_leg(_pressed("wrong_key")),
    dialplan.NO_KEY: _on_leg(_pressed("no_key")),
    dialplan.NOBODY_JOINED: _on_leg(_pressed("nobody_joined")),
    dialplan.MONITOR: _on_leg(_monitor),
    dialplan.DIAL_OVER: _on_leg(_dial_over),
    "HANGUP": _on_leg(_hangup),
    **{word: _on_leg(reader) for word, reader in BRIDGING.items()},
    **dict.fromkeys(FLOW_WORDS, _on_leg(_flow)),
}
