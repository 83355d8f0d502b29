"""Room telephony/cel: was the clock of Asterisk's machine stepped between two events? No I/O.

Asterisk stamps events with the clock on the wall, which a time server or a hand may step, and
has no other. Events are read within milliseconds, so the reader's own clock, which nobody can
step, tells: a stamp cannot run ahead of it, and the file is in order.
"""

from datetime import datetime
from typing import Final

# Events of two threads may stand in the file a moment out of order; less is no step.
STEP_SECONDS: Final = 1.0
# A stamp this near to the reader's own wall clock was read at once, not after an outage. Less than
# a step: how late the first one was read must not look like one when the next is read sooner.
FRESH_SECONDS: Final = 0.5


class EventClock:
    """Ask for every event, in order."""

    def __init__(self) -> None:
        # Stamp less steady clock, where least time had passed between the two.
        self._ahead: float | None = None
        self._last: float | None = None

    def step_before(self, at: datetime, steady: float, wall: float) -> float:
        """Seconds by which the clock was stepped just before this event; 0 where it was not.

        `steady`, `wall`: the reader's clocks now. A step back that is shorter than the silence
        before it is not seen.
        """
        stamp = at.timestamp()
        ahead, last, self._last = stamp - steady, self._last, stamp
        step = 0.0
        if self._ahead is not None and ahead > self._ahead + STEP_SECONDS:
            step = ahead - self._ahead
        elif last is not None and stamp < last - STEP_SECONDS:
            step = ahead - self._ahead if self._ahead is not None else stamp - last
        if step:
            self._ahead = ahead if self._ahead is not None else None
        elif self._ahead is not None:
            self._ahead = max(self._ahead, ahead)
        elif abs(stamp - wall) < FRESH_SECONDS:
            self._ahead = ahead
        return step
