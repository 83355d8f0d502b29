"""Room telephony/queueing: what the dialplan says of queues and desk phones → facts.

Plain functions, called by `telephony/calls/reading.py`.
"""

from store.facts import Fact
from telephony import facts as f
from telephony.calls.state import Call, Leg
from telephony.cel.events import CelEvent
from telephony.queueing import facts as q
from telephony.trunks.choosing import not_reached


def _words(event: CelEvent) -> list[str]:
    return str(event.extra.get("text", "")).split()


def _priority(words: list[str]) -> int:
    return int(words[-1]) if words and words[-1].isdecimal() else 0


def queued(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    """`hotline 5`: the queue and the priority the caller has in it."""
    words = _words(event)
    queue = words[0] if words else ""
    return [q.CallQueued(at=event.at, call_id=call.call_id, queue=queue, priority=_priority(words))]


def call_back_asked(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    return [q.CallBackAsked(at=event.at, call_id=call.call_id)]


def turned_away(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    return [q.CallTurnedAway(at=event.at, call_id=call.call_id, priority=_priority(_words(event)))]


def ring_back_ready(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    return [q.RingBackReady(at=event.at, call_id=call.call_id, leg_id=leg.leg_id)]


def ring_over(event: CelEvent, call: Call, leg: Leg) -> list[Fact]:
    """What was ever heard of the INVITE that was to ring the citizen."""
    ring_back = call.ring_back
    if ring_back is None or leg.leg_id != ring_back.citizen_leg_id or leg.answered_at is not None:
        return []
    why = not_reached(str(event.extra.get("text", "")))
    if why is None:
        return []
    return [q.CitizenNotReached(at=event.at, call_id=call.call_id, leg_id=leg.leg_id, why=why)]


def feature(event: CelEvent) -> list[Fact]:
    """`sign_in`, `sign_out`, `pause 午休`, `resume`, `ready`: dialled at a registered phone.

    The phone knows its extension, not who sits there: the extension stands for the operator
    until the facts meet the accounts (`hotline/desks.py`).
    """
    name, *rest = _words(event) or [""]
    extension = event.channel.partition("/")[2].rpartition("-")[0]
    who = {"at": event.at, "operator_id": extension, "extension": extension}
    match name:
        case "sign_in":
            return [f.OperatorSignedIn(**who)]
        case "sign_out":
            return [f.OperatorSignedOut(**who)]
        case "pause":
            return [f.OperatorPaused(**who, paused=True, reason=" ".join(rest))]
        case "resume" | "ready":
            return [f.OperatorPaused(**who, paused=False)]
    return []
