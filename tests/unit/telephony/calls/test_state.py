"""What is not a fact is not remembered: the state rebuilt from the journal is the state."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from store.node_journal import NodeJournal
from telephony import facts as f
from telephony.calls.reading import leg_over, read
from telephony.cel.events import CelEvent
from telephony.cel.file import Mark
from telephony.registry import Registry
from telephony.roles import Place, Role, RungOutcome

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def event(number: int, name: str, leg: str = "c1", **more: object) -> CelEvent:
    user = name.isupper() and name not in (
        "CHAN_START", "ANSWER", "HANGUP", "BRIDGE_ENTER", "BRIDGE_EXIT",
    )  # fmt: skip
    values: dict[str, object] = {
        "name": "USER_DEFINED" if user else name, "at": START + timedelta(seconds=number),
        "unique_id": leg, "linked_id": "c1", "channel": f"PJSIP/{leg}-0001", "context": "x",
        "exten": "12345", "app": "", "app_data": "", "caller_number": "13800000001",
        "caller_name": "王小明", "peer": "", "extra": {}, "user_type": name if user else None,
        "call_id": "c1", "role": None, "key": str(number),
    }  # fmt: skip
    return CelEvent(**{**values, **more})  # type: ignore[arg-type]


CALL = [
    event(0, "CALL"),
    event(0, "ANSWER"),
    event(1, "TRACK", extra={"text": "1795000000000"}),
    event(2, "QUEUED"),
    event(3, "CHAN_START", "op"),
    event(4, "ANSWER", "op"),
    event(4, "TRACK", "op", role="operator", extra={"text": "1795000003000"}),
    event(5, "BRIDGE_ENTER", "op"),
    event(5, "BRIDGE_ENTER", "c1"),
]


def registry(path: Path) -> Registry:
    path.mkdir(exist_ok=True)
    return Registry(NodeJournal(path / "journal.sqlite", "pbx"), "pbx")


def test_a_restart_remembers_everything(tmp_path: Path) -> None:
    first = registry(tmp_path)
    first.take(CALL, Mark(1000, 7))
    first.record(
        f.ConnectAsked(
            at=START, call_id="c1", request_id="r1", unit_id="market", role=Role.LIAISON,
            topic="market", persons=["a", "b"], ring_seconds=[8, 9],
        ),
        {"numbers": ["6101", "6102"]},
    )  # fmt: skip
    first.record(
        f.RungRung(at=START, call_id="c1", request_id="r1", rung=0, person_id="a", leg_id="r1-1")
    )
    first.take([event(7, "CHAN_START", "r1-1", linked_id="r1-1")], Mark(2000, 7))

    second = registry(tmp_path)
    second.remember()
    assert second.calls == first.calls
    assert second.journal.bookmark("cel") == 2000
    call = second.calls.by_id["c1"]
    assert call.caller_number == "13800000001"
    assert {leg.role: leg.place for leg in call.legs.values()} == {
        Role.CITIZEN: Place.PAIR,
        Role.OPERATOR: Place.PAIR,
        Role.LIAISON: Place.NOWHERE,
    }
    assert call.legs["r1-1"].number == "6101"


def test_facts_hold_no_personal_data(tmp_path: Path) -> None:
    made = registry(tmp_path)
    made.take(CALL, Mark(1, 7))
    stored = made.journal.after(0)
    assert not any("13800000001" in str(e.data) or "王小明" in str(e.data) for e in stored)
    assert any(e.private.get("caller_number") == "13800000001" for e in stored)


def test_whom_a_flow_rings_over_a_trunk_is_no_operator(tmp_path: Path) -> None:
    made = registry(tmp_path)
    made.take([*CALL[:3], event(3, "CHAN_START", "out", context="dial_in")], Mark(1, 7))
    [_, outside] = made.calls.by_id["c1"].legs.values()
    assert (outside.role, outside.person_id) == (Role.LIAISON, None)


def test_events_of_strangers_and_of_legs_that_are_gone_mean_nothing(tmp_path: Path) -> None:
    made = registry(tmp_path)
    assert read(event(1, "ANSWER", "stranger", linked_id="stranger"), made.calls, "pbx") == []
    made.take([*CALL, event(6, "HANGUP", "op", extra={"hangupcause": 16})], Mark(1, 7))
    assert read(event(7, "BRIDGE_ENTER", "op"), made.calls, "pbx") == []


def test_the_last_leg_ends_the_call_and_a_broken_line_says_so(tmp_path: Path) -> None:
    made = registry(tmp_path)
    made.take(CALL, Mark(1, 7))
    call = made.calls.by_id["c1"]
    kinds = [fact.kind for fact in leg_over(START, call, call.legs["op"], 16)]
    assert kinds == ["leg_ended"]
    made.take([event(8, "HANGUP", "op", extra={"hangupcause": 16})], Mark(2, 7))
    *_, last = leg_over(START, call, call.legs["c1"], None)
    assert isinstance(last, f.CallEnded)
    assert last.line_broke


def test_how_a_ring_ended_is_read_from_its_cause(tmp_path: Path) -> None:
    for cause, outcome in {
        17: RungOutcome.BUSY,
        19: RungOutcome.NO_ANSWER,
        3: RungOutcome.UNAVAILABLE,
        None: RungOutcome.UNKNOWN,
    }.items():
        folder = tmp_path / str(cause)
        folder.mkdir()
        made = registry(folder)
        made.take(CALL, Mark(1, 7))
        made.record(
            f.ConnectAsked(
                at=START, call_id="c1", request_id="r1", unit_id="m", role=Role.LIAISON,
                topic="general", persons=["a"], ring_seconds=[8],
            ),
            {"numbers": ["6101"]},
        )  # fmt: skip
        made.record(
            f.RungRung(
                at=START, call_id="c1", request_id="r1", rung=0, person_id="a", leg_id="r1-1"
            )
        )
        made.take([event(7, "CHAN_START", "r1-1", linked_id="r1-1")], Mark(2, 7))
        call = made.calls.by_id["c1"]
        found = leg_over(START, call, call.legs["r1-1"], cause)
        assert [x.outcome for x in found if isinstance(x, f.RungOver)] == [outcome]
