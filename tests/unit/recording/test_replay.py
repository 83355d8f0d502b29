"""Which bytes a player gets (RFC 9110, section 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.replay import Range, Unsatisfiable, Whole, parse_range


@pytest.mark.parametrize(
    ("header", "size", "answer"),
    [
        (None, 100, Whole(100)),
        ("bytes=0-9", 100, Range(0, 9, 100)),
        ("BYTES=90-", 100, Range(90, 99, 100)),
        ("bytes=90-500", 100, Range(90, 99, 100)),
        ("bytes=-10", 100, Range(90, 99, 100)),
        ("bytes=-500", 100, Range(0, 99, 100)),
        ("bytes=-0", 100, Unsatisfiable(100)),
        ("bytes=100-", 100, Unsatisfiable(100)),
        ("bytes=0-", 0, Unsatisfiable(0)),
        ("bytes=" + "9" * 5000 + "-", 100, Unsatisfiable(100)),
        ("bytes=9-0", 100, Whole(100)),
        ("bytes=0-1,5-6", 100, Whole(100)),
        ("items=0-1", 100, Whole(100)),
        ("bytes", 100, Whole(100)),
        ("bytes=٣-٤", 100, Whole(100)),
    ],
)
def test_cases(header: str | None, size: int, answer: object) -> None:
    assert parse_range(header, size) == answer


@given(header=st.text(max_size=30) | st.from_regex(r"bytes=\d*-\d*"), size=st.integers(0, 999))
def test_no_range_ever_leaves_the_file(header: str, size: int) -> None:
    answer = parse_range(header, size)
    if isinstance(answer, Range):
        assert 0 <= answer.first <= answer.last < size
        assert answer.content_range == f"bytes {answer.first}-{answer.last}/{size}"
