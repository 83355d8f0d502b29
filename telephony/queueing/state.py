"""Room telephony/queueing: what a live call remembers of its waiting and of its ring-back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from store.facts import Fact
from telephony.queueing import facts as q
from telephony.trunks.choosing import NotReached

Private = Mapping[str, Any]


@dataclass
class RingBack:
    """An operator's leg that waits for a citizen to be rung; see `plan` beside this."""

    leg_id: str
    extension: str
    asked_at: datetime
    ready_at: datetime | None = None
    rung_at: datetime | None = None
    told_at: datetime | None = None
    # The leg that rings the citizen, and the trunks asked to: all but the last could not.
    citizen_leg_id: str = ""
    tried: list[str] = field(default_factory=list)
    not_reached: NotReached | None = None


def _asked(calls: Any, fact: q.RingBackAsked, _: Private) -> None:
    if call := calls.by_id.get(fact.call_id or ""):
        call.ring_back = RingBack(fact.leg_id, fact.extension, fact.at)
        calls.call_of_leg[fact.leg_id] = call.call_id


def _on_ring_back(change: Callable[[RingBack, Any], None]) -> Callable[[Any, Any, Private], None]:
    def apply(calls: Any, fact: Any, _: Private) -> None:
        call = calls.by_id.get(fact.call_id or "")
        if call is not None and call.ring_back is not None:
            change(call.ring_back, fact)

    return apply


def _ready(ring_back: RingBack, fact: q.RingBackReady) -> None:
    ring_back.ready_at = fact.at


def _rung(calls: Any, fact: q.CitizenRung, _: Private) -> None:
    call = calls.by_id.get(fact.call_id or "")
    if call is None or call.ring_back is None:
        return
    leg_id = fact.leg_id or call.call_id
    call.ring_back.rung_at, call.ring_back.citizen_leg_id = fact.at, leg_id
    call.ring_back.tried.append(fact.trunk)
    calls.call_of_leg[leg_id] = call.call_id


def _not_reached(ring_back: RingBack, fact: q.CitizenNotReached) -> None:
    if fact.leg_id == ring_back.citizen_leg_id:
        ring_back.rung_at, ring_back.citizen_leg_id = None, ""
        ring_back.not_reached = fact.why


CHANGES: dict[type[Fact], Callable[[Any, Any, Private], None]] = {
    q.RingBackAsked: _asked,
    q.RingBackReady: _on_ring_back(_ready),
    q.CitizenRung: _rung,
    q.CitizenNotReached: _on_ring_back(_not_reached),
}
