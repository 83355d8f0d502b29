"""The small mathematics of the report: how bad could it be, how fast does it grow."""

from collections.abc import Sequence
from math import exp, lgamma, log, log1p

import numpy as np


def upper_bound(bad: int, tries: int, confidence: float = 0.95) -> float:
    """Clopper and Pearson, one-sided: the largest rate that `bad` of `tries` does not rule out.

    With none bad in n tries this is about 3/n.
    """
    if tries == 0 or bad >= tries:
        return 1.0
    low, high = bad / tries, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        at_most = sum(_chance(n, tries, rate) for n in range(bad + 1))
        low, high = (rate, high) if at_most > 1 - confidence else (low, rate)
    return high


def _chance(count: int, tries: int, rate: float) -> float:
    """Of exactly `count` among `tries`; in logarithms, as the numbers are huge."""
    ways = lgamma(tries + 1) - lgamma(count + 1) - lgamma(tries - count + 1)
    return exp(ways + count * log(rate) + (tries - count) * log1p(-rate)) if rate < 1 else 0.0


def growth_per_hour(moments: Sequence[float], sizes: Sequence[float]) -> tuple[float, float]:
    """Least squares: units per hour, and the half width of its 95 % interval.

    Samples ten seconds apart lean on one another: the interval is a hint, not a proof.
    """
    hours = (np.asarray(moments) - moments[0]) / 3600
    slope, start = np.polyfit(hours, sizes, 1)
    rest = np.asarray(sizes) - (slope * hours + start)
    spread = ((hours - hours.mean()) ** 2).sum()
    error = float(np.sqrt((rest**2).sum() / max(1, len(hours) - 2) / spread))
    return float(slope), 1.96 * error
