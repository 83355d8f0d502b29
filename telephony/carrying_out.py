"""Room telephony: carries out the steps of a plan. The fact first, then the action."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from store.base import now
from store.masking import masked
from telephony import dialplan
from telephony import facts as f
from telephony.ami.actions import Hangup, Originate, Redirect, SetVar
from telephony.ami.link import AmiLink
from telephony.ami.messages import Outcome, Refused
from telephony.bridge.ask import is_allowed
from telephony.bridge.plan import (
    CloseRequest,
    CloseRung,
    HangUp,
    Joined,
    MoveToRoom,
    Ring,
    SendHome,
    Step,
)
from telephony.calls.state import Call, Leg
from telephony.registry import Registry
from telephony.roles import RungOutcome

log = structlog.get_logger()

KEY_SECONDS = 6


@dataclass(frozen=True)
class Dialling:
    """Where and as whom this hotline dials out."""

    hotline_number: str
    allowed: tuple[re.Pattern[str], ...]


class Hands:
    """The only one who asks Asterisk to do something to a call."""

    def __init__(self, link: AmiLink, registry: Registry, dialling: Dialling) -> None:
        self._link = link
        self._registry = registry
        self.dialling = dialling

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
                self._registry.record(
                    f.ConnectOver(
                        at=now(), call_id=call.call_id, request_id=step.request_id, how=step.how
                    )
                )
            case HangUp():
                await self.hang_up(call.legs[step.leg_id])
            case SendHome():
                await self.send_to(call.legs[step.leg_id], dialplan.GOODBYE)

    async def _ring(self, call: Call, step: Ring) -> None:
        request = call.requests[step.request_id]
        rung = request.rungs[step.rung]
        leg_id = f"{step.request_id}-{step.rung + 1}"
        # Written before the INVITE: whatever happens to us now, this rung is spent.
        self._registry.record(
            f.RungRung(
                at=now(), call_id=call.call_id, request_id=step.request_id, rung=step.rung,
                person_id=rung.person_id, leg_id=leg_id,
            )
        )  # fmt: skip
        if not is_allowed(rung.number, self.dialling.allowed):
            self._close_rung(call, step.request_id, step.rung, RungOutcome.UNAVAILABLE)
            return
        log.info("ringing", call_id=call.call_id, unit=request.unit_id, number=masked(rung.number))
        outcome = await self._link.send(
            Originate(
                channel=f"PJSIP/{rung.number}@{dialplan.TRUNK}", channel_id=leg_id,
                context=dialplan.CONNECT, exten="s", priority=1,
                caller_id=f"<{self.dialling.hotline_number}>",
                timeout_ms=rung.ring_seconds * 1000, account=call.call_id,
                variables={
                    "__CALL_ID": call.call_id, "NEW_ROLE": request.role.value,
                    "REQUEST": request.request_id, "TOPIC": f"topic_{request.topic}",
                    "KEY_SECONDS": str(KEY_SECONDS),
                },
            )
        )  # fmt: skip
        if isinstance(outcome, Refused):
            log.warning("ring_refused", call_id=call.call_id, reason=outcome.reason)
            self._close_rung(call, step.request_id, step.rung, RungOutcome.UNAVAILABLE)

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
        self._registry.record(f.ConnectOver(**common, how="joined"))
        # Lost? Then the dialplan's own limit finds others in the room and goes on.
        await self._link.send(SetVar(call.legs[leg_id].channel, "TIMEOUT(absolute)", "0"))

    async def hang_up(self, leg: Leg) -> Outcome:
        return await self._link.send(Hangup(leg.channel, 16))

    async def send_to(self, leg: Leg, context: str, exten: str = "s") -> Outcome:
        """Send one leg to a place of the dialplan."""
        return await self._link.send(
            Redirect(channel=leg.channel, context=context, exten=exten, priority=1)
        )
