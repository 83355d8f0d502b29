"""Whose turn is it: the first in the queue, or one who hung up and kept their place?"""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.ami.messages import RawEvent
from telephony.queueing.desk import queues_of
from telephony.queueing.offering import Head, KeptPlace, free_phones, head_of, next_offer

NOW = datetime(2026, 11, 24, 1, 20, tzinfo=UTC)


def ago(seconds: int) -> datetime:
    return NOW - timedelta(seconds=seconds)


def kept(name: str, seconds: int, priority: int = 0) -> KeptPlace:
    return KeptPlace(name, "13800000001", ago(seconds), priority)


@pytest.mark.parametrize(
    ("places", "head", "phones", "expected"),
    [
        ([kept("a", 60)], None, ["1001"], "a"),
        ([kept("a", 60)], Head(ago(30), 0), ["1001"], "a"),
        ([kept("a", 60)], Head(ago(90), 0), ["1001"], None),
        ([kept("a", 60)], Head(ago(30), 10), ["1001"], None),
        ([kept("a", 60, 10)], Head(ago(90), 0), ["1001"], "a"),
        ([kept("a", 60), kept("b", 70)], Head(ago(30), 0), ["1001"], "b"),
        ([kept("a", 60, 10), kept("b", 70)], None, ["1001"], "a"),
        ([kept("a", 60)], None, [], None),
        ([], None, ["1001"], None),
    ],
)
def test_the_next_offer(
    places: list[KeptPlace], head: Head | None, phones: list[str], expected: str | None
) -> None:
    offer = next_offer(places, head, phones)
    assert (offer[0].ringback_id if offer else None) == expected


def member(extension: str, **more: str) -> RawEvent:
    headers = {
        "Queue": "hotline", "Location": f"PJSIP/{extension}", "Status": "1", "Paused": "0",
        "InCall": "0", "LastCall": "0", "Wrapuptime": "0",
    }  # fmt: skip
    return RawEvent("QueueMember", {**headers, **more})


def second(at: datetime) -> str:
    return str(int(at.timestamp()))


@pytest.mark.parametrize(
    ("more", "free"),
    [
        ({}, True),
        ({"Paused": "1"}, False),
        ({"Status": "2"}, False),
        ({"Status": "6"}, False),
        ({"InCall": "1"}, False),
        ({"Queue": "guides"}, False),
        ({"LastCall": second(ago(5)), "Wrapuptime": "30"}, False),
        # The last two seconds are ours: the queue may not ring yet.
        ({"LastCall": second(ago(28)), "Wrapuptime": "30"}, True),
        ({"LastCall": second(NOW), "Wrapuptime": "2"}, True),
    ],
)
def test_who_is_free(more: dict[str, str], free: bool) -> None:
    assert free_phones([member("1001", **more)], NOW) == (["1001"] if free else [])


def test_the_longest_free_is_first_and_the_head_is_position_one() -> None:
    rows = [
        member("1001", LastCall=second(ago(10))), member("1002", LastCall=second(ago(50))),
        RawEvent("QueueEntry", {"Queue": "hotline", "Position": "2", "Wait": "90"}),
        RawEvent("QueueEntry", {"Queue": "hotline", "Position": "1", "Wait": "9", "Priority": "5"}),
        RawEvent("QueueEntry", {"Queue": "guides", "Position": "1", "Wait": "99"}),
    ]  # fmt: skip
    assert free_phones(rows, NOW) == ["1002", "1001"]
    assert head_of(rows, NOW) == Head(ago(9), 5)


@pytest.mark.parametrize(
    ("skills", "queues"),
    [
        ([], ["hotline"]),
        (["petition", "english"], ["hotline", "skill_petition", "skill_english"]),
        (["guide"], ["guides"]),
        (["petition", "guide"], ["guides", "skill_petition"]),
    ],
)
def test_skills_are_queues(skills: list[str], queues: list[str]) -> None:
    assert queues_of(skills) == queues
