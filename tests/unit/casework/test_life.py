"""A ticket's life as a table of cases; work days with the holidays of the State Council."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from casework.tickets.life import Status, Step, Terms, after, due
from casework.tickets.workdays import CITY_TIME, end_of_workday, is_workday

MOVES = {
    # status     dispatch      sign      return  resolve     call back: yes, no      reopen
    "open":       ("dispatched", None,     None,   "resolved", None,       None,       None),
    "dispatched": (None,         "signed", "open", None,       None,       None,       None),
    "signed":     (None,         None,     "open", "resolved", None,       None,       None),
    "resolved":   (None,         None,     None,   None,       "closed",   "reopened", None),
    "closed":     (None,         None,     None,   None,       None,       None,       "reopened"),
    "reopened":   ("dispatched", None,     None,   "resolved", None,       None,       None),
}  # fmt: skip
STEPS = [
    (Step.DISPATCH, None), (Step.SIGN, None), (Step.RETURN, None), (Step.RESOLVE, None),
    (Step.CALL_BACK, True), (Step.CALL_BACK, False), (Step.REOPEN, None),
]  # fmt: skip


@pytest.mark.parametrize(("status", "n"), list(product(Status, range(len(STEPS)))))
def test_where_each_step_leads(status: Status, n: int) -> None:
    step, solved = STEPS[n]
    assert after(status, step, solved) == MOVES[status.value][n]


WORKDAYS = {
    date(2026, 11, 25): True, date(2026, 11, 28): False, date(2026, 10, 1): False,
    date(2026, 2, 14): True,  # a Saturday that is worked, for the Spring Festival
    date(2051, 1, 6): True, date(2051, 1, 7): False,  # unknown holidays: Monday to Friday
}  # fmt: skip


@pytest.mark.parametrize("day", WORKDAYS)
def test_work_days(day: date) -> None:
    assert is_workday(day) is WORKDAYS[day]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


ENDS = {
    ("2026-11-24 10:00", 1): "2026-11-26 00:00",  # the whole of Wednesday
    ("2026-11-27 23:59", 1): "2026-12-01 00:00",  # Friday night: the whole of Monday
    ("2026-11-28 12:00", 1): "2026-12-01 00:00",  # a Saturday's call
    ("2026-09-30 09:00", 1): "2026-10-09 00:00",  # over the National Day
    ("2026-11-24 10:00", 5): "2026-12-02 00:00",
}


@pytest.mark.parametrize("case", ENDS)
def test_when_work_days_end(case: tuple[str, int]) -> None:
    moment, days = local(case[0]), case[1]
    assert end_of_workday(moment.astimezone(UTC), days) == local(ENDS[case])


TUESDAY = local("2026-11-24 10:00")
DUE = {
    (Status.OPEN, "normal"): "2026-11-26 00:00",
    (Status.DISPATCHED, "normal"): "2026-11-26 00:00",
    (Status.SIGNED, "normal"): "2026-12-02 00:00",
    (Status.SIGNED, "soon"): "2026-11-27 00:00",
    (Status.SIGNED, "urgent"): "2026-11-25 10:00",  # hours, whatever the day
    (Status.RESOLVED, "urgent"): "2026-11-28 00:00",  # asking back takes its usual time
    (Status.RESOLVED, "normal"): "2026-11-28 00:00",
    (Status.REOPENED, "normal"): "2026-11-26 00:00",
    (Status.CLOSED, "urgent"): None,
}


@pytest.mark.parametrize("case", DUE)
def test_by_when_the_next_step_is_due(case: tuple[Status, str]) -> None:
    expected = DUE[case]
    assert due(*case, TUESDAY, Terms()) == (local(expected) if expected else None)
