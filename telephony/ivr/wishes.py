"""Room telephony/ivr: a unit asked for by key is rung once, as soon as an operator is on. No I/O.

What is remembered of a call comes from facts alone, so a controller that comes back
knows which wishes are fulfilled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from store.facts import Fact
from telephony.ivr import facts as f

Private = Mapping[str, Any]


@dataclass(frozen=True)
class Wish:
    """A unit the caller asked for. `request_id` is the same whenever it is worked out."""

    wish: str
    unit_id: str
    topic: str
    request_id: str


def request_id_of(call_id: str, unit_id: str) -> str:
    """One request a unit and call: a wish stated twice, or looked at twice, rings once."""
    return f"w{blake2b(f'{call_id} {unit_id}'.encode(), digest_size=10).hexdigest()}"


def due(call: Any) -> list[Wish]:
    """Wishes whose ladder is to be rung now: an operator talks with the citizen."""
    if not call.wishes:
        return []
    citizen, operator = call.citizen, call.operator
    if citizen is None or operator is None or call.ended_at is not None:
        return []
    if not (citizen.is_talking and operator.is_talking):
        return []
    return [wish for wish in call.wishes if wish.request_id not in call.requests]


def _stated(calls: Any, fact: f.WishStated, _: Private) -> None:
    call = calls.by_id.get(fact.call_id or "")
    if call is None or fact.unit_id is None:
        return
    request_id = request_id_of(call.call_id, fact.unit_id)
    if all(wish.request_id != request_id for wish in call.wishes):
        call.wishes.append(Wish(fact.wish, fact.unit_id, fact.topic, request_id))


def _refused(calls: Any, fact: f.WishRefused, _: Private) -> None:
    if call := calls.by_id.get(fact.call_id or ""):
        call.wishes = [wish for wish in call.wishes if wish.unit_id != fact.unit_id]


CHANGES: dict[type[Fact], Callable[[Any, Any, Private], None]] = {
    f.WishStated: _stated,
    f.WishRefused: _refused,
}
