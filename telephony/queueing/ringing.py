"""Room telephony/queueing: carries out a ring-back. The fact first, then the action."""

import structlog

from store.base import new_id, now
from store.masking import masked
from telephony import dialplan
from telephony import facts as f
from telephony.ami.actions import Originate, Redirect
from telephony.ami.messages import Accepted, Outcome, Refused
from telephony.bridge.refusals import Refusal
from telephony.bridge.steps import HangUp
from telephony.calls.state import Call
from telephony.carrying_out import Hands
from telephony.queueing import facts as q
from telephony.queueing.ring_back import (
    NobodyThere,
    RingBackStep,
    RingCitizen,
    SayNotReached,
    may_ring_back,
    plan_ring_back,
)

log = structlog.get_logger()

OPERATOR_SECONDS = 20
CITIZEN_SECONDS = 35


async def start_ring_back(
    hands: Hands, *, number: str, extension: str, by: str, offered: bool = False
) -> Refusal | Outcome:
    """Ring the operator's phone; the citizen follows once it is answered (`look`)."""
    registry, dialling = hands.registry, hands.dialling
    refusal = may_ring_back(number, extension, registry.open_calls(), dialling.allowed)
    if refusal is not None:
        return refusal
    call_id, leg_id = f"{registry.node}-r{new_id()[:20]}", f"o{new_id()[:20]}"
    started = f.CallStarted(
        at=now(), call_id=call_id, node=registry.node, called=dialling.hotline_number,
        direction="out",
    )  # fmt: skip
    registry.record(started, {"caller_number": number})
    registry.record(
        q.RingBackAsked(
            at=now(), call_id=call_id, leg_id=leg_id, extension=extension, by=by, offered=offered
        )
    )
    log.info("ringing_back", call_id=call_id, extension=extension, number=masked(number))
    outcome = await hands.link.send(
        Originate(
            channel=f"PJSIP/{extension}", channel_id=leg_id, context=dialplan.RING_BACK,
            exten="operator", caller_id=f"<{dialling.hotline_number}>",
            timeout_ms=OPERATOR_SECONDS * 1000, account=call_id,
            variables={"__CALL_ID": call_id},
        )
    )  # fmt: skip
    if isinstance(outcome, Refused):
        registry.record(f.CallEnded(at=now(), call_id=call_id))
    return outcome


async def look_at_ring_back(hands: Hands, call: Call) -> None:
    """The next steps of this call's ring-back, if it is one."""
    for step in plan_ring_back(call, now()):
        if hands.link.is_up or isinstance(step, NobodyThere):
            await _carry_out(hands, call, step)


async def _carry_out(hands: Hands, call: Call, step: RingBackStep) -> None:
    match step:
        case RingCitizen():
            await _ring_citizen(hands, call)
        case SayNotReached():
            channel = call.legs[step.leg_id].channel
            said = await hands.link.send(Redirect(channel, dialplan.RING_BACK, "not_reached"))
            if call.ring_back is not None and isinstance(said, Accepted):
                call.ring_back.told_at = now()
        case HangUp():
            await hands.hang_up(call.legs[step.leg_id])
        case NobodyThere():
            hands.registry.record(f.CallEnded(at=now(), call_id=call.call_id))


async def _ring_citizen(hands: Hands, call: Call) -> None:
    ring_back = call.ring_back
    if ring_back is None:
        return
    number, tried = call.caller_number or "", len(ring_back.tried)
    trunk = hands.way_out(number, ring_back.tried, ring_back.not_reached)
    if trunk is None:
        await _carry_out(hands, call, SayNotReached(ring_back.leg_id))
        return
    # A second trunk's leg is another leg: the call's id, then `….2`.
    leg_id = f"{call.call_id}.{tried + 1}" if tried else call.call_id
    # Written before the INVITE: whatever happens to us now, this number was rung.
    hands.registry.record(
        q.CitizenRung(at=now(), call_id=call.call_id, leg_id=leg_id, trunk=trunk.name)
    )
    operator = call.legs[ring_back.leg_id]
    outcome = await hands.link.send(
        Originate(
            channel=trunk.channel(number), channel_id=leg_id, when_over=dialplan.DIALLED,
            context=dialplan.RING_BACK, exten="citizen",
            caller_id=f"<{hands.dialling.hotline_number}>", timeout_ms=CITIZEN_SECONDS * 1000,
            account=call.call_id,
            variables={"__CALL_ID": call.call_id, "OPERATOR_CHANNEL": operator.channel},
        )
    )  # fmt: skip
    if isinstance(outcome, Refused):
        # Not one INVITE left: the plan finds no leg, and the operator hears it.
        log.warning("ring_back_refused", call_id=call.call_id, reason=outcome.reason)
