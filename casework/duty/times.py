"""Room casework/duty: when is a shift on, and which shifts overlap? No I/O.

All in the city's local time, which knows no summer time.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Asia/Shanghai")
DAY = 24 * 60
WEEK = 7 * DAY

Span = tuple[float, float]


@dataclass(frozen=True)
class Weekly:
    """On these weekdays (Monday 0), from minute to minute; over midnight if `to <= from`."""

    weekdays: frozenset[int]
    from_minute: int
    to_minute: int

    def spans(self) -> Iterator[Span]:
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

    def spans(self) -> Iterator[Span]:
        """One half-open span of epoch seconds."""
        yield self.starts_at.timestamp(), self.ends_at.timestamp()

    def is_on(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


Time = Weekly | Dated


def overlaps(times: Sequence[Time]) -> list[tuple[int, int]]:
    """Positions (later, earlier) of overlapping times; whoever starts inside another is named.

    A dated time stands in for a weekly one, so these two kinds never overlap.
    """
    found = set[tuple[int, int]]()
    for kind in (Weekly, Dated):
        found |= _swept(
            sorted(
                (start, end, position)
                for position, time in enumerate(times)
                if isinstance(time, kind)
                for start, end in time.spans()
            )
        )
    return sorted(found)


def _swept(spans: list[tuple[float, float, int]]) -> set[tuple[int, int]]:
    # A whole city's year has ten thousand shifts: comparing every pair would take minutes.
    found = set[tuple[int, int]]()
    running: list[tuple[float, int]] = []
    for start, end, position in spans:
        while running and running[0][0] <= start:
            heapq.heappop(running)
        if running:
            other = running[0][1]
            found.add((max(position, other), min(position, other)))
        heapq.heappush(running, (end, position))
    return found
