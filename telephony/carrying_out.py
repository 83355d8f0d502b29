"""Room telephony: carries out the steps of a plan. The fact first, then the action."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from store.base import now
from store.masking import masked
from telephony import dialplan
from telephony import facts as f
from telephony.ami.actions import Hangup, Originate, Redirect, SetVar
from telephony.ami.link import AmiLink
from telephony.ami.messages import Outcome, Refused
from telephony.bridge import facts as b
from telephony.bridge.ask import is_allowed
from telephony.bridge.rooms import name_for, room_of
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
from telephony.calls.state import Call, Leg
from telephony.registry import Registry
from telephony.roles import Role, RungOutcome
from telephony.trunks.choosing import NotReached, TrunkState, next_trunk
from telephony.trunks.trunk import Trunk

if TYPE_CHECKING:  # it brings the sound libraries, which a command line does without
    from telephony.bridge.words import Words

log = structlog.get_logger()

KEY_SECONDS = 6


@dataclass(frozen=True)
class Dialling:
    """Where and as whom this hotline dials out."""

    hotline_number: str
    allowed: tuple[re.Pattern[str], ...]
    trunks: tuple[Trunk, ...] = (Trunk(dialplan.TRUNK, "127.0.0.2"),)
    # Numbers that are phones of our own, reached by no carrier.
    inside: Mapping[str, Trunk] = field(default_factory=dict)


# What whoever is left alone hears, and where they are sent for it.
_SENT_TO = {
    SendHome: ("goodbye", (dialplan.GOODBYE, "s")),
    Apologise: ("apology", (dialplan.ROOM, dialplan.NOBODY_THERE)),
    BackToQueue: ("queue", (dialplan.BACK_TO_QUEUE, "s")),
}


class Hands:
    """The only one who asks Asterisk to do something to a call."""

    def __init__(
        self, link: AmiLink, registry: Registry, dialling: Dialling,
        trunk_states: Mapping[str, TrunkState] | None = None, words: "Words | None" = None,
    ) -> None:  # fmt: skip
        self._link = link
        self._registry = registry
        self.dialling = dialling
        self._trunk_states = trunk_states if trunk_states is not None else {}
        self._words = words

    @property
    def link(self) -> AmiLink:
        return self._link

    @property
    def registry(self) -> Registry:
        return self._registry

    async def carry_out(self, call: Call, step: Step) -> None:
        """One step of a plan; what Asterisk refuses is written down, never raised."""
        if not self._link.is_up and not isinstance(step, CloseRung | CloseRequest):
            return  # nothing was done, nothing written: the plan will ask again
        match step:
            case Ring():
                await self._ring(call, step)
            case CloseRung():
                self._close_rung(call, step.request_id, step.rung, step.outcome)
            case MoveToRoom():
                await self._move_to_room(call, step.leg_ids)
            case Joined():
                await self._let_stay(call, step)
            case CloseRequest():
                await self.close_request(call, step.request_id, step.how)
            case PrepareWords():
                await self._prepare_words(call, call.legs[step.leg_id])
            case HangUp():
                await self.hang_up(call.legs[step.leg_id])
            case SendHome() | Apologise() | BackToQueue():
                await self._send_away(call, step)

    async def _send_away(self, call: Call, step: SendHome | Apologise | BackToQueue) -> None:
        hears, place = _SENT_TO[type(step)]
        self._registry.record(
            b.LeftAlone(at=now(), call_id=call.call_id, leg_id=step.leg_id, hears=hears)
        )
        await self.send_to(call.legs[step.leg_id], *place)

    async def _ring(self, call: Call, step: Ring) -> None:
        request = call.requests[step.request_id]
        rung = request.rungs[step.rung]
        is_line = request.role is Role.EMERGENCY
        busy = self._registry.calls.busy_persons(but=call.call_id)
        if rung.person_id in busy | call.engaged(but=request.request_id) and not is_line:
            return  # rung for somebody else since the plan was made: it will be asked again
        trunk = self.way_out(rung.number, rung.tried, rung.not_reached)
        if trunk is None:
            self._close_rung(call, step.request_id, step.rung, RungOutcome.UNAVAILABLE)
            return
        # A second trunk's leg is another leg: `…-1`, then `…-1.2`.
        again = f".{len(rung.tried) + 1}" if rung.tried else ""
        leg_id = f"{step.request_id}-{step.rung + 1}{again}"
        # Written before the INVITE: whatever happens to us now, this rung is spent.
        self._registry.record(
            f.RungRung(
                at=now(), call_id=call.call_id, request_id=step.request_id, rung=step.rung,
                person_id=rung.person_id, leg_id=leg_id, trunk=trunk.name,
            )
        )  # fmt: skip
        if not is_allowed(rung.number, self.dialling.allowed, request.role):
            self._close_rung(call, step.request_id, step.rung, RungOutcome.UNAVAILABLE)
            return
        log.info("ringing", call_id=call.call_id, unit=request.unit_id, number=masked(rung.number),
                 trunk=trunk.name)  # fmt: skip
        outcome = await self._link.send(
            Originate(
                channel=trunk.channel(rung.number), channel_id=leg_id, when_over=dialplan.DIALLED,
                context=dialplan.EMERGENCY if is_line else dialplan.CONNECT, exten="s", priority=1,
                caller_id=f"<{self.dialling.hotline_number}>",
                timeout_ms=rung.ring_seconds * 1000, account=call.call_id,
                variables={
                    "__CALL_ID": call.call_id, "NEW_ROLE": request.role.value,
                    dialplan.NAME_OF_ROOM: self.room_for(call),
                    "REQUEST": request.request_id, "TOPIC": f"topic_{request.topic}",
                    "KEY_SECONDS": str(KEY_SECONDS),
                },
            )
        )  # fmt: skip
        if isinstance(outcome, Refused):
            log.warning("ring_refused", call_id=call.call_id, reason=outcome.reason)
            self._close_rung(call, step.request_id, step.rung, RungOutcome.UNAVAILABLE)
            return
        # Should the operator leave now, the citizen waits for who is rung ([goodbye], [awaiting]).
        await self._citizen_awaits(call, self.room_for(call))

    async def _citizen_awaits(self, call: Call, value: str) -> None:
        citizen = call.citizen
        if citizen is not None and citizen.is_live:
            await self._link.send(SetVar(citizen.channel, dialplan.AWAITED, value))

    async def close_request(self, call: Call, request_id: str, how: str) -> None:
        """Nobody is rung any more for this request."""
        self._registry.record(
            f.ConnectOver(at=now(), call_id=call.call_id, request_id=request_id, how=how)
        )
        if not call.open_requests and self._link.is_up:
            await self._citizen_awaits(call, "")

    async def _prepare_words(self, call: Call, leg: Leg) -> None:
        place, seconds = "", 0.0
        if self._words is not None and call.citizen is not None:
            try:
                place, seconds = await asyncio.to_thread(
                    self._words.prepare, call.call_id, call.citizen.leg_id, leg.leg_id
                )
            except (OSError, RuntimeError):  # the dispatcher hears that there is nothing to hear
                log.exception("words_not_prepared", call_id=call.call_id)
        self._registry.record(
            b.WordsPrepared(
                at=now(), call_id=call.call_id, request_id=leg.request_id or "",
                leg_id=leg.leg_id, seconds=seconds,
            )
        )  # fmt: skip
        await self._link.send(SetVar(leg.channel, dialplan.WORDS, place or dialplan.NO_WORDS))

    def way_out(self, number: str, tried: Sequence[str], why: NotReached | None) -> Trunk | None:
        """The trunk by which this number is rung now, after those tried; None: not at all."""
        if number in self.dialling.inside:
            return None if tried else self.dialling.inside[number]
        return next_trunk(self.dialling.trunks, self._trunk_states, tried, why)

    def _close_rung(self, call: Call, request_id: str, rung: int, outcome: RungOutcome) -> None:
        self._registry.record(
            f.RungOver(
                at=now(), call_id=call.call_id, request_id=request_id, rung=rung, outcome=outcome
            )
        )

    async def _move_to_room(self, call: Call, leg_ids: Sequence[str]) -> None:
        self._registry.record(
            f.MoveToRoomAsked(at=now(), call_id=call.call_id, leg_ids=list(leg_ids))
        )
        first, *rest = [call.legs[leg_id] for leg_id in leg_ids]
        await self.show_room(call, first, *rest)
        outcome = await self._link.send(
            Redirect(
                channel=first.channel, context=dialplan.ROOM, exten="s", priority=1,
                extra_channel=rest[0].channel if rest else None,
                extra_context=dialplan.ROOM if rest else None,
                extra_exten="s" if rest else None,
            )
        )  # fmt: skip
        if isinstance(outcome, Refused):
            log.warning("move_refused", call_id=call.call_id, reason=outcome.reason)

    async def _let_stay(self, call: Call, step: Joined) -> None:
        request = call.requests[step.request_id]
        leg_id = request.rungs[step.rung].leg_id or ""
        common = {"at": now(), "call_id": call.call_id, "request_id": step.request_id}
        self._registry.record(f.ConnectJoined(**common, leg_id=leg_id))
        self._registry.record(f.RungOver(**common, rung=step.rung, outcome=RungOutcome.JOINED))
        await self.close_request(call, step.request_id, "joined")
        # Lost? Then the dialplan's own limit finds others in the room and goes on.
        await self._link.send(SetVar(call.legs[leg_id].channel, "TIMEOUT(absolute)", "0"))

    def room_for(self, call: Call) -> str:
        """The name of the room whoever joins this call goes to; given to it now if it has none."""
        room = room_of(call)
        if room is None:
            room = name_for(call, self._registry.calls.by_id.values())
            self._registry.record(b.RoomNamed(at=now(), call_id=call.call_id, room=room))
        return room

    async def show_room(self, call: Call, *legs: Leg) -> None:
        """Let these legs know to which room [room] leads, before they are sent there."""
        room = self.room_for(call)
        # In order on one link: whoever is gone by now is not moved either.
        told = (SetVar(leg.channel, dialplan.NAME_OF_ROOM, room) for leg in legs)
        await asyncio.gather(*(self._link.send(action) for action in told))

    async def hang_up(self, leg: Leg) -> Outcome:
        return await self._link.send(Hangup(leg.channel, 16))

    async def send_to(self, leg: Leg, context: str, exten: str = "s") -> Outcome:
        """Send one leg to a place of the dialplan."""
        return await self._link.send(
            Redirect(channel=leg.channel, context=context, exten=exten, priority=1)
        )
