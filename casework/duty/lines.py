"""Room casework/duty: a partner's line, written on its unit: number, hours, key, who stands in.

units:
  - {id: police, name: 公安 110, kind: emergency, line: "110", fallback: command}
  - {id: command, name: 应急指挥中心, kind: emergency, key: "9", line: 05942690000,
     every: day, from: 08:00, to: 20:00}

Without hours a line is open day and night. Behind a line there is no person of ours: it is
kept as the unit's primary shift, and people in shifts may stand behind it.
"""

import re

from casework.duty import reading
from casework.duty.problems import WrongField
from casework.duty.sheet import Row
from casework.duty.times import DAY, Time, Weekly

FIELDS = frozenset({"key", "line", "fallback", "ring_seconds", "every", "from", "to"})
# The country's own; dialled as they are, and for units of kind emergency alone.
SHORT_NUMBERS = frozenset({"110", "119", "120", "122", "12119", "12122", "12395"})
ALWAYS = Weekly(frozenset(range(7)), 0, DAY)
KEY = r"[0-9]{1,5}"


def check_kind(row: Row, kind: str) -> None:
    """A group of `WrongField`: only an emergency centre has these fields."""
    if kind == "emergency":
        return
    wrong = [
        WrongField(name, "仅用于 emergency / for units of kind emergency alone")
        for name in row.fields
        if name in FIELDS
    ]
    if wrong:
        raise ExceptionGroup("fields", wrong)


def line_number(row: Row, internal: re.Pattern[str] | None) -> str:
    """`110` and the like, or any number that can be dialled here; empty where there is none."""
    line = row.text("line")
    if (not line and "line" not in row.fields) or line in SHORT_NUMBERS:
        return line
    return reading.phone_number(row, internal, "line")


def line_time(row: Row) -> Time:
    """The hours of the line."""
    hours = {"every", "from", "to"} & row.fields.keys()
    if not hours:
        return ALWAYS
    if "line" not in row.fields:
        raise WrongField(min(hours), "没有 line / hours of a line that is not given")
    return reading.time_of_row(row)


def key_of(row: Row) -> str | None:
    """What is pressed on a console for this unit; a short line is its own key."""
    if "key" in row.fields:
        return reading.shaped(row, "key", KEY)
    return row.text("line") if row.text("line") in SHORT_NUMBERS else None
