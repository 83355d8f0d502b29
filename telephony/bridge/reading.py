"""Room telephony/bridge: what the dialplan says of a partner's keys → facts."""

from collections.abc import Callable
from typing import Any

from store.facts import Fact
from telephony import dialplan
from telephony.bridge import facts as b
from telephony.cel.events import CelEvent


def words_asked(event: CelEvent, call: Any, leg: Any) -> list[Fact]:
    """Key 3 was pressed."""
    rung = call.rung_of(leg.leg_id)
    if rung is None:
        return []
    return [
        b.WordsAsked(
            at=event.at, call_id=call.call_id, request_id=rung[0].request_id, leg_id=leg.leg_id
        )
    ]


def words_heard(event: CelEvent, call: Any, leg: Any) -> list[Fact]:
    """The playing began."""
    rung = call.rung_of(leg.leg_id)
    if rung is None:
        return []
    request, position = rung
    person = request.rungs[position]
    return [
        b.WordsHeard(
            at=event.at, call_id=call.call_id, request_id=request.request_id, leg_id=leg.leg_id,
            person_id=person.person_id, unit_id=person.unit_id or request.unit_id,
        )
    ]  # fmt: skip


READERS: dict[str, Callable[[CelEvent, Any, Any], list[Fact]]] = {
    dialplan.WORDS_ASKED: words_asked,
    dialplan.WORDS_HEARD: words_heard,
}
