"""Facts, times, masked numbers and cleaned text."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from store.base import UtcDateTime
from store.facts import Fact, UnknownFact, load_fact
from store.masking import masked
from store.storable import LONGEST_ID, storable_id, storable_json

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone(timedelta(hours=8)))


class Rung(Fact):
    kind: ClassVar[str] = "test_rung"
    unit: str
    seconds: int = 8


def test_a_fact_survives_json() -> None:
    fact = Rung(at=NOON, call_id="c1", ticket_id="t1", unit="market")
    parts = json.loads(json.dumps({"at": fact.at.isoformat(), "data": fact.data()}))
    assert parts["data"] == {"unit": "market", "seconds": 8}
    assert load_fact("test_rung", parts["at"], "c1", "t1", parts["data"]) == fact


def test_a_strange_kind_is_named() -> None:
    with pytest.raises(UnknownFact, match="no_such"):
        load_fact("no_such", NOON, None, None, {})


def test_two_facts_cannot_share_a_kind() -> None:
    with pytest.raises(TypeError, match="test_rung"):

        class Other(Fact):
            kind: ClassVar[str] = "test_rung"


def test_a_fact_needs_a_zone_and_takes_no_strange_field() -> None:
    with pytest.raises(ValueError, match="timezone"):
        Rung(at=datetime(2026, 11, 24), unit="market")  # noqa: DTZ001
    with pytest.raises(ValueError, match="Extra"):
        Rung(at=NOON, unit="market", number="13800000001")  # type: ignore[call-arg]


def test_times_are_kept_in_utc() -> None:
    kept, dialect = UtcDateTime(), sqlite.dialect()
    bound = kept.process_bind_param(NOON, dialect)
    assert bound is not None
    assert (bound.hour, bound.tzinfo) == (4, UTC)
    assert kept.process_result_value(bound.replace(tzinfo=None), dialect) == NOON
    assert kept.process_bind_param(None, dialect) is None
    with pytest.raises(ValueError, match="zone"):
        kept.process_bind_param(datetime(2026, 11, 24), dialect)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800000001", "138****0001"),
        ("6101", "****"),
        ("", "-"),
        (None, "-"),
        ("123456", "******"),
    ],
)
def test_masked(number: str | None, shown: str) -> None:
    assert masked(number) == shown


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(anything)
def test_cleaned_values_can_be_stored_anywhere(value: object) -> None:
    text = json.dumps(storable_json(value), ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in text
    text.encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_what_is_clean_is_left_alone(text: str) -> None:
    assert storable_json({"a": [text, 1.5, None, True]}) == {"a": [text, 1.5, None, True]}
    assert storable_id(text) == text[:LONGEST_ID]


def test_ids_fit_their_column() -> None:
    assert storable_id(None) is None
    assert storable_id("x" * 200 + "\0") == "x" * LONGEST_ID
