"""Steps of the clock, from the stamps of events and the reader's own clocks."""

from datetime import UTC, datetime

import pytest

from telephony.cel.clock import EventClock

T = 1_795_597_637.0


@pytest.mark.parametrize(
    ("read", "steps"),
    [
        # (stamp, steady clock when it was read, wall clock then), in seconds after the first
        ([(0, 0, 0), (5, 5, 5), (600, 600, 600)], [0, 0, 0]),
        ([(0, 0, 0), (3605, 5, 5), (3606, 6, 6)], [0, 3600, 0]),
        ([(0, 0, 0), (-3595, 5, 5), (-3594, 6, 6)], [0, -3600, 0]),
        ([(0, 0, 0), (3605, 5, 5), (10, 10, 10)], [0, 3600, -3600]),
        # a busy reader: stamps are old when they are read, which is no step
        ([(0, 0, 0), (1, 9, 9), (2, 9, 9), (10, 10, 10)], [0, 0, 0, 0]),
        ([(0, 8, 8), (9, 9, 9), (10, 10, 10)], [0, 0, 0]),
        # a reader that begins with an event of a moment ago, and is quick from then on
        ([(0, 1.8, 1.8), (5, 5, 5), (6, 6, 6)], [0, 0, 0]),
        # two threads, a moment out of order
        ([(0, 0, 0), (5.2, 5.2, 5.2), (5.1, 5.2, 5.2)], [0, 0, 0]),
        # what was written while nobody read: only a step back shows, by the order alone
        ([(-900, 0, 0), (-100, 0, 0), (-3700, 0, 0), (-3600, 0, 0)], [0, 0, -3600, 0]),
        ([(-900, 0, 0), (-100, 0, 0), (0, 0, 0), (3605, 5, 5)], [0, 0, 0, 3600]),
    ],
)
def test_steps(read: list[tuple[float, float, float]], steps: list[float]) -> None:
    clock = EventClock()
    told = [
        clock.step_before(datetime.fromtimestamp(T + stamp, UTC), 50_000.0 + steady, T + wall)
        for stamp, steady, wall in read
    ]
    assert told == pytest.approx(steps, abs=0.01)
