"""Call set-ups a second, and recorded calls at once, at the quality goal, ours and bare.

How fast a core is depends on what strangers do on its physical core: the same loop takes 0.17 s or
0.33 s, and that changes within seconds. So one ramp alone shows what a core carried at that moment,
and the two are compared side by side: at the same moment, on the same core, with as many calls.
"""

from dataclasses import dataclass

from tests.bench.climb import Ramp, Seen, until_no_longer_good
from tests.bench.pinned import pinned

SET_UPS = Ramp(rate=20, rise=4, hold=2.0, seconds=60)
THEN = (60, 4)
RECORDED = Ramp(rate=12, then=THEN, most=500, hold=140.0, seconds=130, heard=True)


@dataclass(frozen=True)
class Alone:
    """What the core carried when the first thing was no longer good."""

    set_ups: float  # a second
    calls: int  # answered so far: at once, where none has ended
    limit: str  # answer | notice | track | none
    # MB a live call: Asterisk's, and the controller's.
    asterisk_mb: float
    controller_mb: float


@dataclass(frozen=True)
class SideBySide:
    """For how many one whole core is enough, at what they cost until the limit."""

    ours: float
    bare: float
    core_used: float  # by both, in the last seconds
    limit: str


async def alone(ramp: Ramp, bare: bool) -> Alone:
    """Ours or the bare Asterisk has the core."""
    async with pinned(bare) as stage:
        (seen,), at, limit = await until_no_longer_good(ramp, [stage])
        return Alone(seen.rate(at), seen.up(at), limit, *seen.mb_a_call(at))


async def side_by_side(ramp: Ramp, ours_first: bool) -> SideBySide:
    """Both have it, each with half of the calls."""
    async with (
        pinned(bare=not ours_first) as first_stage,
        pinned(bare=ours_first) as second_stage,
    ):
        seen, at, limit = await until_no_longer_good(ramp, [first_stage, second_stage])
        ours, bare = seen if ours_first else reversed(seen)
        carries = Seen.calls_a_core if ramp is RECORDED else Seen.set_ups_a_core
        used = ours.core_used(at) + bare.core_used(at)
        return SideBySide(carries(ours, at), carries(bare, at), used, limit)
