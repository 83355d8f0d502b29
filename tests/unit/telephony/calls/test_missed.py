"""Lines a full disk swallowed: the first one that was written again tells what goes on."""

from pathlib import Path

import pytest

from telephony.cel.file import Mark
from telephony.roles import Place, Role
from tests.unit.telephony.calls.test_state import CALL, event, registry

# What is left of CALL when its first lines could not be written; roles as the dialplan names them.
AFTER = [
    event(2, "QUEUED", role="citizen"),
    event(3, "CHAN_START", "op"),
    event(4, "ANSWER", "op"),
    event(4, "TRACK", "op", role="operator", extra={"text": "1795000003000"}),
    event(5, "BRIDGE_ENTER", "op", role="operator"),
    event(5, "BRIDGE_ENTER", role="citizen"),
    event(9, "HANGUP", "op", role="operator", extra={"hangupcause": 16}),
    event(9, "HANGUP", role="citizen", extra={"hangupcause": 16}),
]


@pytest.mark.parametrize("lost", range(5))
def test_a_call_is_seen_from_the_first_sign_on(tmp_path: Path, lost: int) -> None:
    """However many lines are lost: call and citizen, and the operator from a later sign on."""
    made = registry(tmp_path)
    events = [one for number, one in enumerate(AFTER) if number >= lost or (number == 0 and lost)]
    made.take(events[:-2], Mark(1, 1))
    [call] = made.calls.by_id.values()
    assert call.caller_number == "13800000001"
    assert {leg.role: leg.place for leg in call.legs.values()} == {
        Role.CITIZEN: Place.PAIR,
        Role.OPERATOR: Place.PAIR,
    }
    assert all(leg.answered_at is not None for leg in call.legs.values())
    made.take(events[-2:], Mark(2, 1))
    assert call.ended_at is not None
    kinds = [entry.kind for entry in made.journal.entries_of_call("c1")]
    for kind in ("call_started", "call_ended"):
        assert kinds.count(kind) == 1
    assert kinds.count("leg_started") == kinds.count("leg_ended") == 2


def test_nothing_is_begun_by_the_last_lines_of_a_call_or_by_strangers(tmp_path: Path) -> None:
    made = registry(tmp_path)
    made.take(AFTER[-2:], Mark(1, 1))
    made.take([event(1, "TRACK", "x", call_id="x", role="operator")], Mark(2, 1))
    made.take([event(1, "TRACK", "op", role="operator")], Mark(3, 1))
    made.take([event(1, "TRACK", role="somebody")], Mark(4, 1))
    made.take([event(1, "QUEUED", role="citizen", call_id=None)], Mark(5, 1))
    assert made.calls.by_id == {} and made.journal.of_call("c1") == []


def test_a_call_whose_every_line_is_there_is_read_as_ever(tmp_path: Path) -> None:
    named = [
        event(n, one.moment, one.unique_id, extra=one.extra,
              role="operator" if one.unique_id == "op" else "citizen")
        for n, one in enumerate(CALL)
    ]  # fmt: skip
    plain, with_roles = registry(tmp_path), registry(tmp_path / "second")
    plain.take(CALL, Mark(1, 1))
    with_roles.take(named, Mark(1, 1))
    assert [e.kind for e in plain.journal.entries_of_call("c1")] == [
        e.kind for e in with_roles.journal.entries_of_call("c1")
    ]
