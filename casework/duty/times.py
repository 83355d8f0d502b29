"""Room casework/duty: when is a shift on, and do two overlap? No I/O.

All in the city's local time, which knows no summer time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Asia/Shanghai")
DAY = 24 * 60
WEEK = 7 * DAY


@dataclass(frozen=True)
class Weekly:
    """On these weekdays (Monday 0), from minute to minute; over midnight if `to <= from`."""

    weekdays: frozenset[int]
    from_minute: int
    to_minute: int

    def spans(self) -> Iterator[tuple[int, int]]:
        """Half-open spans of minutes of the week; one over Sunday midnight comes as two."""
        length = (self.to_minute - self.from_minute) % DAY or DAY
        for weekday in self.weekdays:
            start = weekday * DAY + self.from_minute
            end = start + length
            if end > WEEK:
                yield start, WEEK
                yield 0, end - WEEK
            else:
                yield start, end

    def is_on(self, at: datetime) -> bool:
        local = at.astimezone(CITY_TIME)
        minute = local.weekday() * DAY + local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self.spans())


@dataclass(frozen=True)
class Dated:
    """From this moment up to, not including, that one."""

    starts_at: datetime
    ends_at: datetime

    def is_on(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


Time = Weekly | Dated


def overlap(one: Time, other: Time) -> bool:
    """Whether both are on at some moment. A dated shift may stand in for a weekly one."""
    if isinstance(one, Dated) and isinstance(other, Dated):
        return one.starts_at < other.ends_at and other.starts_at < one.ends_at
    if isinstance(one, Weekly) and isinstance(other, Weekly):
        return any(a < d and c < b for a, b in one.spans() for c, d in other.spans())
    return False
