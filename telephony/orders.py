"""Room telephony: commands of people, carried out once each.

asked → (taken: written in the node journal) → done | refused | unknown
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
from pydantic import ValidationError

from store.base import now
from store.database import DatabaseAway
from telephony import commands as c
from telephony import dialplan
from telephony import facts as f
from telephony.ami.actions import (
    ConfbridgeMute,
    ConfbridgeUnmute,
    Originate,
    Redirect,
)
from telephony.ami.link import AmiLink
from telephony.ami.messages import Accepted, Outcome, Refused
from telephony.bridge.ask import Ladder, handed_over_by, may_connect
from telephony.bridge.facts import HandoverAsked
from telephony.bridge.refusals import Refusal
from telephony.calls.state import Call, Leg
from telephony.carrying_out import Hands
from telephony.ivr.facts import WishRefused
from telephony.ivr.wishes import Wish
from telephony.queueing import desk
from telephony.queueing.ringing import start_ring_back
from telephony.registry import Registry
from telephony.roles import Place, Role

log = structlog.get_logger()

FindLadder = Callable[[str], Awaitable[Ladder | None]]


@dataclass(frozen=True)
class Order:
    """A `Command` row as the controller handles it."""

    command_id: str
    call_id: str | None
    asked_by: str
    body: dict[str, Any]


class Orders:
    """Knows how each kind of command is carried out; see the table at the foot."""

    def __init__(
        self, registry: Registry, link: AmiLink, hands: Hands, find_ladder: FindLadder
    ) -> None:
        self._registry = registry
        self._link = link
        self._hands = hands
        self._find_ladder = find_ladder

    async def carry_out(self, order: Order) -> None:
        """Take the order (unless it was taken before) and say how it went."""
        taken = f.CommandTaken(at=now(), **_about(order))
        if not self._registry.record(taken, key=f"command:{order.command_id}"):
            return
        try:
            body = c.read_body(order.body)
        except ValidationError:
            self._refuse(order, Refusal.BAD_COMMAND)
            return
        call = self._registry.calls.by_id.get(order.call_id or "")
        if order.call_id is not None and (call is None or call.ended_at is not None):
            self._refuse(order, Refusal.CALL_OVER)
            return
        try:
            answer = await _CARRY_OUT[type(body)](self, order, body, call)
        except Exception:
            failed = f.CommandUnknown(at=now(), reason="controller_failed", **_about(order))
            self._registry.record(failed)
            raise
        self._answer(order, answer)

    def _answer(self, order: Order, answer: Refusal | Outcome | None) -> None:
        if isinstance(answer, Refusal):
            self._refuse(order, answer)
        elif isinstance(answer, Refused):
            log.warning("command_not_carried_out", call_id=order.call_id, reason=answer.reason)
            self._refuse(order, Refusal.NOT_CARRIED_OUT)
        elif answer is None or isinstance(answer, Accepted):
            self._registry.record(f.CommandDone(at=now(), **_about(order)))
        else:
            self._registry.record(
                f.CommandUnknown(at=now(), reason="no_answer_from_asterisk", **_about(order))
            )

    def _refuse(self, order: Order, reason: Refusal) -> None:
        self._registry.record(f.CommandRefused(at=now(), reason=reason.value, **_about(order)))

    # -- three-way ------------------------------------------------------------------------

    async def _connect(self, order: Order, body: c.ConnectUnit, call: Call) -> Refusal | None:
        return await self._ask_ladder(call, body.unit_id, body.topic, f"c{order.command_id[:20]}")

    async def _handover(self, order: Order, body: c.Handover, call: Call) -> Refusal | None:
        """As connect; the operator leaves once somebody of the unit is there."""
        ladder = await self._find_ladder(body.unit_id)
        unit_id = ladder.unit_id if ladder else body.unit_id
        request = handed_over_by(call, unit_id)
        if request is None:
            request_id = f"c{order.command_id[:20]}"
            refusal = await self._ask_ladder(call, body.unit_id, body.topic, request_id)
            if refusal:
                return refusal
            request = call.requests[request_id]
        self._registry.record(
            HandoverAsked(
                at=now(), call_id=call.call_id, request_id=request.request_id, by=order.asked_by
            )
        )
        return None

    async def fulfil(self, call: Call, wish: Wish) -> None:
        """A unit the citizen asked for by key, as if the operator had asked for it."""
        try:
            refusal = await self._ask_ladder(call, wish.unit_id, wish.topic, wish.request_id)
        except DatabaseAway:
            return  # nothing is written: the wish is due still
        if refusal:
            log.warning("wish_refused", call_id=call.call_id, unit=wish.unit_id, reason=refusal)
            self._registry.record(
                WishRefused(
                    at=now(), call_id=call.call_id, wish=wish.wish, unit_id=wish.unit_id,
                    reason=refusal.value,
                )
            )  # fmt: skip

    async def _ask_ladder(
        self, call: Call, unit_id: str, topic: str, request_id: str
    ) -> Refusal | None:
        ladder = await self._find_ladder(unit_id)
        busy = self._registry.calls.busy_persons(but="")
        refusal = may_connect(call, ladder, busy, self._hands.dialling.allowed)
        if refusal or ladder is None:
            return refusal or Refusal.UNKNOWN_UNIT
        fact = f.ConnectAsked(
            at=now(), call_id=call.call_id, request_id=request_id,
            unit_id=ladder.unit_id, role=ladder.role, topic=topic,
            persons=[person.person_id for person in ladder.persons],
            ring_seconds=[person.ring_seconds for person in ladder.persons],
            units=[person.unit_id or ladder.unit_id for person in ladder.persons],
        )  # fmt: skip
        self._registry.record(fact, {"numbers": [person.number for person in ladder.persons]})
        return None

    async def _cancel(self, order: Order, body: c.CancelConnect, call: Call) -> Any:
        request = call.requests.get(body.request_id)
        if request is None or request.is_over:
            return Refusal.NO_SUCH_PARTY
        rung = request.current
        leg = call.legs.get(rung.leg_id or "") if rung else None
        await self._hands.close_request(call, request.request_id, "cancelled")
        return await self._hands.hang_up(leg) if leg and leg.is_live else None

    async def _mute(self, order: Order, body: c.MuteParty, call: Call) -> Any:
        leg = _party(call, body.leg_id)
        if leg is None or leg.place is not Place.ROOM:
            return Refusal.NO_SUCH_PARTY
        action = ConfbridgeMute if body.muted else ConfbridgeUnmute
        outcome = await self._link.send(action(leg.room or call.call_id, leg.channel))
        if isinstance(outcome, Accepted):
            self._registry.record(
                f.LegMuted(
                    at=now(), call_id=call.call_id, leg_id=leg.leg_id, muted=body.muted,
                    by=order.asked_by,
                )
            )  # fmt: skip
        return outcome

    async def _aside(self, order: Order, body: c.PutAside, call: Call) -> Any:
        leg = _party(call, body.leg_id)
        # Nobody comes into the room this way who has not been in it.
        wanted = (Place.ASIDE,) if body.back else (Place.PAIR, Place.ROOM)
        if leg is None or leg.place not in wanted:
            return Refusal.NO_SUCH_PARTY
        if body.back:
            await self._hands.show_room(call, leg)
            return await self._hands.send_to(leg, dialplan.ROOM)
        partner = next((x for x in call.at(Place.PAIR) if x.leg_id != leg.leg_id), None)
        if leg.place is Place.PAIR and partner:
            # Redirecting one of a pair alone would end the other's call.
            await self._hands.show_room(call, partner)
            return await self._link.send(
                Redirect(
                    channel=leg.channel, context=dialplan.ASIDE, exten="s", priority=1,
                    extra_channel=partner.channel, extra_context=dialplan.ROOM, extra_exten="s",
                )
            )  # fmt: skip
        return await self._hands.send_to(leg, dialplan.ASIDE)

    async def _remove(self, order: Order, body: c.RemoveParty, call: Call) -> Any:
        leg = _party(call, body.leg_id)
        if leg is None or leg.role is Role.CITIZEN:
            return Refusal.NO_SUCH_PARTY
        return await self._hands.hang_up(leg)

    # -- monitoring -----------------------------------------------------------------------

    async def _listen(self, order: Order, body: c.ListenIn, call: Call) -> Any:
        spied = call.operator
        if spied is None:
            return Refusal.NO_OPERATOR
        there = next((x for x in call.live(Role.SUPERVISOR) if x.number == body.extension), None)
        leg_id = there.leg_id if there else f"m{uuid4().hex[:20]}"
        self._registry.record(
            f.MonitoringAsked(
                at=now(), call_id=call.call_id, monitor_id=order.command_id, leg_id=leg_id,
                spied_leg_id=spied.leg_id, by=order.asked_by, mode=body.mode, reason=body.reason,
            )
        )  # fmt: skip
        if there:
            await self._hands.show_room(call, there)  # where they barge in
            return await self._hands.send_to(there, dialplan.MONITORING, body.mode.value)
        return await self._link.send(
            Originate(
                channel=f"PJSIP/{body.extension}", channel_id=leg_id,
                context=dialplan.MONITORING, exten="s", priority=1,
                caller_id=f"<{self._hands.dialling.hotline_number}>", timeout_ms=20_000,
                account=call.call_id,
                variables={
                    "__CALL_ID": call.call_id, "SPIED": spied.leg_id, "MODE": body.mode.value,
                    dialplan.NAME_OF_ROOM: self._hands.room_for(call),
                },
            )
        )  # fmt: skip

    # -- desk -----------------------------------------------------------------------------

    async def _sign_in(self, order: Order, body: c.SignIn, call: None) -> Any:
        return await desk.sign_in(self._hands, body)

    async def _sign_out(self, order: Order, body: c.SignOut, call: None) -> Any:
        return await desk.sign_out(self._hands, body)

    async def _pause(self, order: Order, body: c.Pause, call: None) -> Any:
        return await desk.pause(self._hands, body)

    async def _ready(self, order: Order, body: c.Ready, call: None) -> Any:
        return await desk.ready(self._hands, body)

    async def _set_skills(self, order: Order, body: c.SetSkills, call: None) -> Any:
        return await desk.set_skills(self._hands, body, order.asked_by)

    async def _ring_back(self, order: Order, body: c.RingBack, call: None) -> Any:
        return await start_ring_back(
            self._hands, number=body.number, extension=body.extension, by=order.asked_by
        )


def _about(order: Order) -> dict[str, Any]:
    return {
        "call_id": order.call_id, "command_id": order.command_id,
        "command": str(order.body.get("kind")),
    }  # fmt: skip


def _party(call: Call, leg_id: str) -> Leg | None:
    leg = call.legs.get(leg_id)
    return leg if leg is not None and leg.is_live else None


_CARRY_OUT: dict[type[Any], Callable[[Orders, Order, Any, Any], Awaitable[Any]]] = {
    c.ConnectUnit: Orders._connect,
    c.Handover: Orders._handover,
    c.CancelConnect: Orders._cancel,
    c.MuteParty: Orders._mute,
    c.PutAside: Orders._aside,
    c.RemoveParty: Orders._remove,
    c.ListenIn: Orders._listen,
    c.SignIn: Orders._sign_in,
    c.SignOut: Orders._sign_out,
    c.Pause: Orders._pause,
    c.Ready: Orders._ready,
    c.SetSkills: Orders._set_skills,
    c.RingBack: Orders._ring_back,
}
