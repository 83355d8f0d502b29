"""Who is owed a call, by when, and how two of one number become one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casework.ringback.rules import (
    Deadlines,
    Ended,
    Reason,
    closed_by_getting_through,
    merged,
    owed,
    reason_of,
)

START = datetime(2026, 11, 24, 1, 20, tzinfo=UTC)
DEADLINES = Deadlines(soon=timedelta(minutes=30), message=timedelta(minutes=120))


def ended(call_id: str = "pbx-1.1", minutes: float = 1, **how: Any) -> Ended:
    at = START + timedelta(minutes=minutes)
    return Ended(call_id, "13800000001", at, at - timedelta(minutes=1), **how)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"talked": True, "queued_at": START}, None),
        ({"talked": True, "left_message": True}, None),
        ({"queued_at": START}, Reason.ABANDONED),
        ({"queued_at": START, "served": True}, Reason.ABANDONED),
        ({"queued_at": START, "left_message": True}, Reason.MESSAGE),
        ({"queued_at": START, "call_back": True}, Reason.CALL_BACK),
        ({"turned_away": True}, Reason.OVERLOAD),
        ({}, Reason.MISSED),
        ({"served": True}, None),
    ],
)
def test_what_a_call_leaves(how: dict[str, Any], reason: Reason | None) -> None:
    assert reason_of(ended(**how)) is reason


@pytest.mark.parametrize(
    ("reason", "minutes"),
    [(Reason.ABANDONED, 30), (Reason.CALL_BACK, 30), (Reason.OVERLOAD, 30), (Reason.MESSAGE, 120)],
)
def test_the_deadline(reason: Reason, minutes: int) -> None:
    call = ended()
    assert owed(call, reason, DEADLINES).due_at == call.at + timedelta(minutes=minutes)


def test_two_calls_of_one_number_keep_the_earlier_place_and_deadline_and_the_higher_priority() -> (
    None
):
    first = owed(ended("pbx-1.1", 1, queued_at=START), Reason.MESSAGE, DEADLINES)
    again = owed(ended("pbx-1.2", 9, priority=20, call_back=True), Reason.CALL_BACK, DEADLINES)
    both = merged(first, again)
    assert both.reasons == ("message", "call_back")
    assert both.calls == ("pbx-1.1", "pbx-1.2")
    assert both.queued_at == START
    assert both.due_at == again.due_at
    assert both.priority == 20
    assert both.keeps_place


def test_the_same_call_told_twice_is_one() -> None:
    once = owed(ended(queued_at=START), Reason.ABANDONED, DEADLINES)
    assert merged(once, once) == once


@pytest.mark.parametrize(
    ("reasons", "closed"),
    [(("abandoned",), True), (("overload", "missed"), True), (("abandoned", "message"), False)],
)
def test_getting_through_settles_all_but_a_message(reasons: tuple[str, ...], closed: bool) -> None:
    assert closed_by_getting_through(reasons) is closed
