"""Room api: slows down whoever tries passwords, by name and address, before the database is asked.

A name locked for everybody would let anybody lock an operator out; so the brake holds
the pair of name and address. Names that are nobody's are held just the same.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
FORGOTTEN_AFTER = 900.0
# So many pairs are remembered; the one not seen for longest goes first.
REMEMBERED = 10_000


@dataclass
class _Tries:
    count: int
    last: float


def wait_after(tries: int) -> float:
    """Seconds until the next try, after so many that were not right."""
    if tries < FREE_TRIES:
        return 0.0
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - FREE_TRIES, 10)))


class Brake:
    """One a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    def try_now(self, name: str, address: str) -> float:
        """0 and the try is counted, or the seconds still to wait.

        Counted before the password is looked at: a hundred tries at once are a hundred.
        """
        moment = self._clock()
        found = self._tries.get((name, address))
        if found is None or moment - found.last > FORGOTTEN_AFTER:
            found = _Tries(0, moment)
        left = found.last + wait_after(found.count) - moment
        if left > 0:
            return left
        self._tries[name, address] = _Tries(found.count + 1, moment)
        self._tries.move_to_end((name, address))
        if len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)
        return 0.0

    def was_right(self, name: str, address: str) -> None:
        self._tries.pop((name, address), None)
