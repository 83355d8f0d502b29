"""A room's name: the first that no other call has, and Asterisk's own word where it differs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.node_journal import NodeJournal
from telephony.bridge.facts import RoomNamed
from telephony.bridge.rooms import name_for, room_of
from telephony.calls.state import Call, Leg
from telephony.facts import CallStarted
from telephony.registry import Registry
from telephony.roles import Place, Role

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def call(name: str, room: str | None = None, *legs: Leg) -> Call:
    return Call(name, NOW, room=room, legs={leg.leg_id: leg for leg in legs})


def leg(place: Place, room: str = "") -> Leg:
    return Leg("citizen", Role.CITIZEN, "PJSIP/x", NOW, place=place, room=room)


@pytest.mark.parametrize(
    ("others", "name"),
    [
        ([], "room-1"),
        (["room-1"], "room-2"),
        (["room-2"], "room-1"),
        ([None, "room-1", "room-3"], "room-2"),
        (["room-1", "room-2"], "room-3"),
    ],
)
def test_the_first_name_that_no_other_call_has(others: list[str | None], name: str) -> None:
    asking = call("c1", "room-1")  # its own is no hindrance
    known = [asking, *(call(f"other-{n}", room) for n, room in enumerate(others))]
    assert name_for(asking, known) == name


@pytest.mark.parametrize(
    ("of", "room"),
    [
        (call("c1"), None),
        (call("c1", None, leg(Place.PAIR)), None),
        (call("c1", "room-4", leg(Place.PAIR)), "room-4"),
        (call("c1", "room-4", leg(Place.ROOM, "room-4")), "room-4"),
        (call("c1", "room-4", leg(Place.ROOM, "c1")), "c1"),  # strangers were in room-4
        (call("c1", None, leg(Place.ROOM, "c1")), "c1"),  # an older dialplan
        (call("c1", None, leg(Place.ROOM)), "c1"),  # told before rooms had names
    ],
)
def test_whoever_joins_goes_where_the_others_are(of: Call, room: str | None) -> None:
    assert room_of(of) == room


def test_a_restart_gives_no_name_away(tmp_path: Path) -> None:
    first = Registry(NodeJournal(tmp_path / "journal.sqlite", "pbx"), "pbx")
    for call_id in ("c1", "c2"):
        first.record(CallStarted(at=NOW, call_id=call_id, node="pbx", called="12345"))
    first.record(RoomNamed(at=NOW, call_id="c1", room="room-1"))
    second = Registry(NodeJournal(tmp_path / "journal.sqlite", "pbx"), "pbx")
    second.remember()
    known = second.calls.by_id
    assert (room_of(known["c1"]), room_of(known["c2"])) == ("room-1", None)
    assert name_for(known["c2"], known.values()) == "room-2"
