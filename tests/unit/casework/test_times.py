"""Overlaps, held against looking at every moment."""

from datetime import timedelta
from itertools import combinations
from time import monotonic

from hypothesis import given
from hypothesis import strategies as st

from casework.duty.times import DAY, WEEK, Dated, Time, Weekly, overlaps
from tests.unit.casework.rosters import local

MONDAY = local("2026-11-23 00:00")
STEP = 30

half_hours = st.integers(0, DAY // STEP - 1).map(lambda n: n * STEP)
weeklies = st.builds(Weekly, st.frozensets(st.integers(0, 6), min_size=1), half_hours, half_hours)


def date_of(start: int, length: int) -> Dated:
    """In steps from Monday."""
    return Dated(
        MONDAY + timedelta(minutes=start * STEP),
        MONDAY + timedelta(minutes=(start + length) * STEP),
    )


dated = st.builds(date_of, st.integers(0, WEEK // STEP - 1), st.integers(1, 100))


def truly_overlap(one: Time, other: Time) -> bool:
    """Looks at each half hour of two weeks."""
    moments = (MONDAY + timedelta(minutes=n * STEP) for n in range(2 * WEEK // STEP))
    return any(one.is_on(at) and other.is_on(at) for at in moments)


@given(st.one_of(st.lists(weeklies, max_size=4), st.lists(dated, max_size=5)))
def test_an_overlap_is_found_where_two_are_on_at_once(times: list[Time]) -> None:
    true = {
        (later, earlier)
        for earlier, later in combinations(range(len(times)), 2)
        if truly_overlap(times[earlier], times[later])
    }
    found = set(overlaps(times))
    assert found <= true
    assert bool(found) == bool(true)


@given(weeklies, dated)
def test_a_dated_shift_may_stand_in_for_a_weekly_one(week: Weekly, date: Dated) -> None:
    assert overlaps([week, date]) == []


@given(weeklies)
def test_a_weekly_shift_is_on_as_long_as_it_says(week: Weekly) -> None:
    length = (week.to_minute - week.from_minute) % DAY or DAY
    moments = (MONDAY + timedelta(minutes=n * STEP) for n in range(WEEK // STEP))
    assert sum(week.is_on(at) for at in moments) * STEP == length * len(week.weekdays)


def test_a_city_s_years_are_compared_in_seconds() -> None:
    # Pair by pair this would be two hundred million comparisons.
    times = [date_of(start, 1) for start in range(20_000)]
    started = monotonic()
    assert overlaps([*times, date_of(19_999, 1)]) == [(20_000, 19_999)]
    assert monotonic() - started < 5
