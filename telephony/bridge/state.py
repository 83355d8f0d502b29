"""Room telephony/bridge: what a live call remembers of partners and of who is left alone."""

from collections.abc import Callable, Mapping
from typing import Any

from store.facts import Fact
from telephony.bridge import facts as b

Private = Mapping[str, Any]


def _leg(calls: Any, fact: Any) -> Any:
    call = calls.by_id.get(fact.call_id or "")
    return call.legs.get(fact.leg_id) if call else None


def _handover(calls: Any, fact: b.HandoverAsked, _: Private) -> None:
    if call := calls.by_id.get(fact.call_id or ""):
        call.requests[fact.request_id].handover_at = fact.at


def _left_alone(calls: Any, fact: b.LeftAlone, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.sent_away_at = fact.at


def _room_named(calls: Any, fact: b.RoomNamed, _: Private) -> None:
    if call := calls.by_id.get(fact.call_id or ""):
        call.room = fact.room


def _asked(calls: Any, fact: b.WordsAsked, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.wants_words = True


def _prepared(calls: Any, fact: b.WordsPrepared, _: Private) -> None:
    if leg := _leg(calls, fact):
        leg.wants_words = False


CHANGES: dict[type[Fact], Callable[[Any, Any, Private], None]] = {
    b.LeftAlone: _left_alone,
    b.HandoverAsked: _handover,
    b.RoomNamed: _room_named,
    b.WordsAsked: _asked,
    b.WordsPrepared: _prepared,
}
