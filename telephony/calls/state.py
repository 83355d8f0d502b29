"""Room telephony/calls: the state of a live call, changed by facts alone.

The same function builds it while the call goes on and, after a restart, from
the node journal: what is not a fact is not remembered.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from store.facts import Fact
from telephony import facts as f
from telephony.bridge.state import CHANGES as BRIDGING
from telephony.ivr.wishes import CHANGES as WISHES
from telephony.ivr.wishes import Wish
from telephony.queueing.state import CHANGES as QUEUEING
from telephony.queueing.state import RingBack
from telephony.roles import Mode, Place, Role, RungOutcome
from telephony.trunks.choosing import NotReached

Private = Mapping[str, Any]


@dataclass
class Leg:
    """One person's channel."""

    leg_id: str
    role: Role
    channel: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    place: Place = Place.NOWHERE
    room: str = ""  # where `place` is a room: its name, as Asterisk told it
    wants_words: bool = False  # asked to hear what the citizen has said
    number: str | None = None
    person_id: str | None = None
    request_id: str | None = None
    mode: Mode | None = None
    muted: bool = False
    sent_away_at: datetime | None = None  # left alone: see telephony/bridge
    key: str | None = None
    # By how much the clock had been stepped in this call when these were told.
    answered_step: float = 0.0
    track_step: float = 0.0
    ended_step: float = 0.0

    @property
    def is_live(self) -> bool:
        return self.ended_at is None

    @property
    def is_talking(self) -> bool:
        return self.is_live and self.place in (Place.PAIR, Place.ROOM, Place.ASIDE)


@dataclass
class Rung:
    """One person of a ladder, and how ringing them ended."""

    person_id: str
    number: str
    ring_seconds: int
    unit_id: str = ""
    leg_id: str | None = None
    rung_at: datetime | None = None
    outcome: RungOutcome | None = None
    # Trunks that were asked to ring this person; all but the last could not.
    tried: list[str] = field(default_factory=list)
    not_reached: NotReached | None = None


@dataclass
class Request:
    """One pressed key: a unit asked into the call."""

    request_id: str
    unit_id: str
    role: Role
    topic: str
    rungs: list[Rung]
    handover_at: datetime | None = None  # the operator leaves once somebody has joined
    over_at: datetime | None = None
    accepted_at: datetime | None = None
    joined_at: datetime | None = None
    how: str | None = None

    @property
    def is_over(self) -> bool:
        return self.how is not None

    @property
    def current(self) -> Rung | None:
        """The rung that rings or has accepted, if any."""
        return next((r for r in self.rungs if r.leg_id and r.outcome is None), None)

    @property
    def joined(self) -> list[Rung]:
        """Whoever came into the room by this request."""
        return [rung for rung in self.rungs if rung.outcome is RungOutcome.JOINED]

    @property
    def next_rung(self) -> int | None:
        """The first rung not tried yet."""
        return next(
            (n for n, r in enumerate(self.rungs) if r.leg_id is None and r.outcome is None), None
        )


@dataclass
class Call:
    """One call and everybody in it."""

    call_id: str
    started_at: datetime
    caller_number: str | None = None
    legs: dict[str, Leg] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    monitor_leg_ids: set[str] = field(default_factory=set)
    move_asked_at: datetime | None = None
    room: str | None = None  # its name; see telephony/bridge/rooms.py
    clock_step: float = 0.0  # seconds the clock was stepped by, all in all, since it began
    line_broke: bool = False
    ended_at: datetime | None = None
    talked_at: datetime | None = None  # citizen and a helper hear each other
    ring_back: RingBack | None = None
    wishes: list[Wish] = field(default_factory=list)

    @property
    def citizen(self) -> Leg | None:
        # A ring-back that the first trunk refused has one for each trunk: the newest counts.
        found = [leg for leg in self.legs.values() if leg.role is Role.CITIZEN]
        return found[-1] if found else None

    @property
    def operator(self) -> Leg | None:
        """The operator who talks now."""
        return next((x for x in self.live(Role.OPERATOR) if x.place is not Place.NOWHERE), None)

    def live(self, role: Role | None = None) -> list[Leg]:
        return [x for x in self.legs.values() if x.is_live and role in (None, x.role)]

    def at(self, place: Place) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.is_live and leg.place is place]

    @property
    def open_requests(self) -> list[Request]:
        return [request for request in self.requests.values() if not request.is_over]

    @property
    def units_there(self) -> set[str]:
        """Units somebody of which is in the call now."""
        return {
            rung.unit_id or request.unit_id
            for request in self.requests.values()
            for rung in request.joined
            if rung.leg_id in self.legs and self.legs[rung.leg_id].is_live
        }

    def engaged(self, but: str = "") -> set[str]:
        """Persons who are in this call, or are rung for it by a request other than `but`."""
        talking = {
            x.person_id for x in self.live() if x.person_id and not (but and x.request_id == but)
        }
        # A ring that has just gone out has no leg yet.
        ringing = {
            request.current.person_id
            for request in self.open_requests
            if request.current and request.request_id != but
        }
        return talking | ringing

    def rung_of(self, leg_id: str) -> tuple[Request, int] | None:
        """The request and the rung this leg was rung for."""
        for request in self.requests.values():
            for number, rung in enumerate(request.rungs):
                if rung.leg_id == leg_id:
                    return request, number
        return None


@dataclass
class Calls:
    """Every live call of this node, and whose every leg is."""

    by_id: dict[str, Call] = field(default_factory=dict)
    area_code: str = ""  # completes the local numbers that carriers send
    call_of_leg: dict[str, str] = field(default_factory=dict)

    def of(self, leg_id: str, linked_id: str = "") -> Call | None:
        """The call of a leg; `linked_id` helps with legs the queue has dialled."""
        call_id = self.call_of_leg.get(leg_id) or linked_id
        return self.by_id.get(call_id)

    def apply(self, fact: Fact, private: Private | None = None) -> None:
        """Change the state by one fact; facts that say nothing about state are ignored."""
        change = _CHANGES.get(type(fact))
        if change is not None:
            change(self, fact, private or {})

    def busy_persons(self, but: str) -> set[str]:
        """Persons who are being rung or talk in calls other than `but`."""
        return {
            person
            for call in self.by_id.values()
            if call.call_id != but
            for person in call.engaged()
        }

    def forget(self, call_ids: Iterable[str]) -> None:
        """Drop calls that are over and handed on."""
        for call_id in call_ids:
            call = self.by_id.pop(call_id, None)
            for leg_id in call.legs if call else ():
                self.call_of_leg.pop(leg_id, None)


def _call_started(calls: Calls, fact: f.CallStarted, private: Private) -> None:
    call = Call(fact.call_id or "", fact.at, caller_number=private.get("caller_number"))
    calls.by_id.setdefault(call.call_id, call)


def _leg_started(calls: Calls, fact: f.LegStarted, private: Private) -> None:
    call = calls.by_id[fact.call_id or ""]
    calls.call_of_leg[fact.leg_id] = call.call_id
    call.legs[fact.leg_id] = Leg(
        fact.leg_id, fact.role, fact.channel, fact.at, number=private.get("number"),
        person_id=fact.person_id, request_id=fact.request_id,
    )  # fmt: skip


def _leg(calls: Calls, fact: Any) -> Leg | None:
    call = calls.by_id.get(fact.call_id or "")
    return call.legs.get(fact.leg_id) if call else None


def _leg_named(calls: Calls, fact: f.LegNamed, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.role = fact.role


def _leg_answered(calls: Calls, fact: f.LegAnswered, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.answered_at = fact.at
        leg.answered_step = calls.by_id[fact.call_id or ""].clock_step


def _leg_moved(calls: Calls, fact: f.LegMoved, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.place, leg.room, leg.sent_away_at = fact.place, fact.room, None
        leg.muted = leg.muted and fact.place is Place.ROOM  # a room forgets it with who leaves
        call = calls.by_id[fact.call_id or ""]
        if call.talked_at is None and leg.role is Role.CITIZEN and leg.is_talking:
            call.talked_at = fact.at


def _leg_ended(calls: Calls, fact: f.LegEnded, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.ended_at, leg.place = fact.at, Place.NOWHERE
        leg.ended_step = calls.by_id[fact.call_id or ""].clock_step


def _track_started(calls: Calls, fact: f.TrackStarted, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.track_step = calls.by_id[fact.call_id or ""].clock_step


def _clock_stepped(calls: Calls, fact: f.ClockStepped, _: Private) -> None:
    if call := calls.by_id.get(fact.call_id or ""):
        call.clock_step += fact.seconds


def _leg_muted(calls: Calls, fact: f.LegMuted, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.muted = fact.muted


def _call_ended(calls: Calls, fact: f.CallEnded, _: Private) -> None:
    if call := calls.by_id.get(fact.call_id or ""):
        call.ended_at, call.line_broke = fact.at, fact.line_broke


def _connect_asked(calls: Calls, fact: f.ConnectAsked, private: Private) -> None:
    units = fact.units or [""] * len(fact.persons)
    rungs = [
        Rung(person, number, seconds, unit)
        for person, number, seconds, unit in zip(
            fact.persons, private["numbers"], fact.ring_seconds, units, strict=True
        )
    ]
    call = calls.by_id[fact.call_id or ""]
    call.requests[fact.request_id] = Request(
        fact.request_id, fact.unit_id, fact.role, fact.topic, rungs
    )


def _request(calls: Calls, fact: Any) -> Request | None:
    call = calls.by_id.get(fact.call_id or "")
    return call.requests.get(fact.request_id) if call else None


def _rung_rung(calls: Calls, fact: f.RungRung, _: Private) -> None:
    if request := _request(calls, fact):
        rung = request.rungs[fact.rung]
        rung.leg_id, rung.rung_at = fact.leg_id, fact.at
        rung.tried.append(fact.trunk)
        calls.call_of_leg[fact.leg_id] = fact.call_id or ""


def _not_reached(calls: Calls, fact: f.RungNotReached, _: Private) -> None:
    if request := _request(calls, fact):
        rung = request.rungs[fact.rung]
        rung.leg_id, rung.rung_at, rung.not_reached = None, None, fact.why


def _rung_over(calls: Calls, fact: f.RungOver, _: Private) -> None:
    if request := _request(calls, fact):
        request.rungs[fact.rung].outcome = fact.outcome


def _accepted(calls: Calls, fact: f.ConnectAccepted, _: Private) -> None:
    if request := _request(calls, fact):
        request.accepted_at = fact.at


def _answered(calls: Calls, fact: f.ConnectAnswered, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.key = fact.outcome


def _joined(calls: Calls, fact: f.ConnectJoined, _: Private) -> None:
    if request := _request(calls, fact):
        request.joined_at = fact.at


def _over(calls: Calls, fact: f.ConnectOver, _: Private) -> None:
    if request := _request(calls, fact):
        request.how, request.over_at = fact.how, fact.at


def _move_asked(calls: Calls, fact: f.MoveToRoomAsked, _: Private) -> None:
    calls.by_id[fact.call_id or ""].move_asked_at = fact.at


def _monitoring_asked(calls: Calls, fact: f.MonitoringAsked, _: Private) -> None:
    calls.call_of_leg[fact.leg_id] = fact.call_id or ""
    calls.by_id[fact.call_id or ""].monitor_leg_ids.add(fact.leg_id)


def _monitoring_mode(calls: Calls, fact: f.MonitoringMode, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.mode = fact.mode


_CHANGES: dict[type[Fact], Callable[[Calls, Any, Private], None]] = {
    f.CallStarted: _call_started,
    f.LegStarted: _leg_started,
    f.LegNamed: _leg_named,
    f.LegAnswered: _leg_answered,
    f.LegMoved: _leg_moved,
    f.LegEnded: _leg_ended,
    f.LegMuted: _leg_muted,
    f.TrackStarted: _track_started,
    f.ClockStepped: _clock_stepped,
    f.CallEnded: _call_ended,
    f.ConnectAsked: _connect_asked,
    f.RungRung: _rung_rung,
    f.RungOver: _rung_over,
    f.RungNotReached: _not_reached,
    f.ConnectAccepted: _accepted,
    f.ConnectAnswered: _answered,
    f.ConnectJoined: _joined,
    f.ConnectOver: _over,
    f.MoveToRoomAsked: _move_asked,
    f.MonitoringAsked: _monitoring_asked,
    f.MonitoringMode: _monitoring_mode,
    **BRIDGING,
    **QUEUEING,
    **WISHES,
}
