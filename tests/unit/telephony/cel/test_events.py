"""One event, two ways: samples taken from one run of a real Asterisk 22.10.1."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.ami.messages import MessageBuffer
from telephony.cel.events import (
    CEL_COLUMNS,
    CelEvent,
    MalformedCel,
    cel_custom_mapping,
    event_from_columns,
    event_from_manager,
)

SAMPLES = Path(__file__).parent / "samples"
HEADERS = {
    "EventName": "USER_DEFINED", "UserDefType": "CALL", "UniqueID": "pbx-1.2",
    "EventTime": "2026-11-24 09:16:31", "Timestamp": "1795511791.548135",
}  # fmt: skip


def from_file() -> list[CelEvent]:
    with (SAMPLES / "cel.csv").open(newline="") as file:
        return [event_from_columns(row) for row in csv.reader(file)]


def from_manager() -> list[CelEvent]:
    messages = MessageBuffer().feed((SAMPLES / "manager.txt").read_bytes())
    return [event_from_manager(headers) for headers in messages]


def test_both_sources_give_the_same_keys_in_the_same_order() -> None:
    keys = [event.key for event in from_file()]
    assert len(keys) > 50
    assert keys == [event.key for event in from_manager()]
    assert len(set(keys)) == len(keys)


def test_both_sources_agree_on_everything_but_the_microseconds() -> None:
    for line, message in zip(from_file(), from_manager(), strict=True):
        assert timedelta(0) <= message.at - line.at < timedelta(milliseconds=5)
        assert (line.exact, message.exact) == (True, False)
        for name in CelEvent.__slots__:
            if name not in ("at", "exact"):
                assert getattr(line, name) == getattr(message, name), name


def test_a_leg_names_its_call_and_its_role_once_the_dialplan_said_so() -> None:
    told = {event.name: (event.call_id, event.role) for event in from_file()
            if event.unique_id == "leg-1;2"}  # fmt: skip
    assert told["CHAN_START"] == (None, None)
    assert told["ANSWER"] == told["CHAN_END"] == ("pbx-leg-1;2", "citizen")


def test_what_the_dialplan_said_is_unpacked() -> None:
    said = {event.moment: event.extra for event in from_file() if event.user_type}
    assert said["TRACK"] == {"text": "plain text"}
    assert said["RAWJSON"] == {"a": 1, "b": "x, y"}
    assert said["BARE"] == {}
    ended = [event.extra for event in from_file() if event.name == "HANGUP"]
    assert {"hangupcause", "hangupsource", "dialstatus"} == set(ended[0])


def test_a_caller_is_not_shown_by_repr() -> None:
    call = next(event for event in from_file() if event.moment == "CALL")
    assert call.caller_number == "13800000001"
    assert "13800000001" not in repr(call).replace(call.app_data, "")


@pytest.mark.parametrize("zone_hours", [-11, -3.5, 0, 5.75, 8, 14])
@pytest.mark.parametrize("late_seconds", [0, 1, 59, 600])
def test_the_second_is_found_in_any_zone_and_however_late(
    zone_hours: float, late_seconds: int
) -> None:
    happened = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)
    local = (happened + timedelta(hours=zone_hours)).strftime("%Y-%m-%d %H:%M:%S")
    stamp = f"{int(happened.timestamp()) + late_seconds}.000123"
    event = event_from_manager({**HEADERS, "EventTime": local, "Timestamp": stamp})
    assert event.at.replace(microsecond=0) == happened


def test_a_user_event_is_known_also_without_show_user_defined() -> None:
    bare = {name: value for name, value in HEADERS.items() if name != "UserDefType"}
    short = event_from_manager({**bare, "EventName": "CALL"})
    assert (short.name, short.user_type) == ("USER_DEFINED", "CALL")
    assert short.key == event_from_manager(HEADERS).key


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Timestamp": ""}, "timestampevents"),
        ({"EventTime": "yesterday"}, "EventTime"),
        ({"Timestamp": "12.3"}, "time"),
        ({"UniqueID": ""}, "channel id"),
        ({"EventName": ""}, "unknown event"),
    ],
)
def test_a_message_that_is_none_says_why(change: dict[str, str], says: str) -> None:
    with pytest.raises(MalformedCel, match=says):
        event_from_manager({**HEADERS, **change})


@given(st.lists(st.text(), max_size=20))
def test_any_columns_are_an_event_or_malformed(columns: list[str]) -> None:
    with pytest.raises(MalformedCel):
        event_from_columns(columns)


@given(st.text(), st.text())
def test_any_extra_is_read(extra: str, name: str) -> None:
    values = dict.fromkeys(CEL_COLUMNS, "")
    values |= {"name": "HANGUP", "time": "1795511791.000001", "unique_id": "1.2"}
    event = event_from_columns([*(values | {"extra": extra, "caller_name": name}).values()])
    assert event.at == datetime.fromtimestamp(1795511791, UTC) + timedelta(microseconds=1)
    assert event.caller_name == name


def test_the_mapping_uses_only_what_asterisk_turns_into_its_fast_path() -> None:
    parts = cel_custom_mapping().split("},${CSV_QUOTE(")
    assert len(parts) == len(CEL_COLUMNS)
    assert "CALL_ID" not in cel_custom_mapping()
