"""More and more calls at one core of Asterisk, until something is no longer good."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import psutil

from simulator.person import PersonError
from tests.bench.cores import OTHER_CORE
from tests.bench.load import cpu
from tests.bench.prompts import first_prompt
from tests.bench.quality import UNWRITTEN, broken_at, notice_late, torn_at
from tests.bench.sipp import Answers, Callers
from tests.e2e.stage import Stage

# So long before the limit it is counted what a call costs, and how full the core is.
COUNTED_SECONDS, FULL_SECONDS = 10.0, 3.0
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Ramp:
    """How the calls become more; all numbers are of all Asterisks on the core together."""

    # Calls a second at first, how many more each second, and at most so many calls in so long.
    rate: int
    seconds: float
    hold: float
    rise: int = 0
    most: int = 100_000
    # When so many are up at once, only so many more a second.
    then: tuple[int, int] | None = None
    # The notice must begin in time, and what is said be recorded without a gap.
    heard: bool = False


@dataclass(frozen=True)
class Look:
    """At one Asterisk at one moment: CPU seconds of its life so far, and MB."""

    at: float
    cpu: float
    asterisk_mb: float = 0.0
    controller_mb: float = 0.0


@dataclass
class Seen:
    """What was seen at one Asterisk while its calls became more."""

    answers: Answers = field(default_factory=Answers)
    # (epoch second, ms from dialling to the notice; None: never)
    notices: list[tuple[float, float | None]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def up(self, moment: float) -> int:
        """All calls that were answered before."""
        return sum(at < moment for at, _ in self.answers.answered)

    def rate(self, moment: float) -> float:
        """Calls answered a second in the two seconds before."""
        return (self.up(moment) - self.up(moment - 2)) / 2

    def late(self) -> tuple[float, str] | None:
        """When an answer or the notice was too late, and which."""
        answer, notice = broken_at(self.answers, time.time() - 1.5), notice_late(self.notices)
        found = [(answer, "answer")] if answer is not None else []
        found += [(notice, "notice")] if notice is not None else []
        return min(found, default=None)

    def set_ups_a_core(self, until: float) -> float:
        """Set-ups a second for which a whole core is enough, at what they cost before."""
        looks = self._looks(until, COUNTED_SECONDS)
        return (self.up(looks[-1].at) - self.up(looks[0].at)) / (looks[-1].cpu - looks[0].cpu)

    def calls_a_core(self, until: float) -> float:
        """Calls at once for which a whole core is enough, if none has ended yet."""
        looks = self._looks(until, COUNTED_SECONDS)
        held = sum(self.up(look.at) * (after.at - look.at) for look, after in pairwise(looks))
        return held / (looks[-1].cpu - looks[0].cpu)

    def core_used(self, until: float) -> float:
        """Which part of the core it had at last."""
        looks = self._looks(until, FULL_SECONDS)
        return (looks[-1].cpu - looks[0].cpu) / (looks[-1].at - looks[0].at)

    def mb_a_call(self, until: float) -> tuple[float, float]:
        """Of Asterisk and of the controller (0 without one), if no call has ended yet."""
        looks = [look for look in self.looks if look.at <= until]
        up = [self.up(look.at) for look in looks]
        slopes = np.polyfit(up, [(look.asterisk_mb, look.controller_mb) for look in looks], 1)[0]
        return float(slopes[0]), float(slopes[1])

    def _looks(self, until: float, seconds: float) -> list[Look]:
        return [look for look in self.looks if until - seconds <= look.at <= until]


async def until_no_longer_good(
    ramp: Ramp, stages: Sequence[Stage]
) -> tuple[list[Seen], float, str]:
    """What was seen at each, when it was, and what: answer | notice | track | none (the end)."""
    seen = [Seen() for _ in stages]
    async with AsyncExitStack() as stack:
        callers = [
            await stack.enter_async_context(_callers(ramp, stage, len(stages))) for stage in stages
        ]
        asking = [
            asyncio.create_task(_ask_for_notices(stage, one.notices))
            for stage, one in zip(stages, seen, strict=True)
            if ramp.heard
        ]
        await _climb(ramp, list(zip(stages, seen, callers, strict=True)))
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        ends = time.time()
        for one, calls in zip(seen, callers, strict=True):
            one.answers = await calls.stop()
    reasons = [one.late() for one in seen]
    if ramp.heard:
        reasons += [await asyncio.to_thread(_torn, stage, ends - UNWRITTEN) for stage in stages]
    at, limit = min((reason for reason in reasons if reason), default=(ends, "none"))
    return seen, at, limit


def _callers(ramp: Ramp, stage: Stage, share: int) -> Callers:
    return Callers(
        stage, count=ramp.most // share, rate=ramp.rate // share, rise=ramp.rise // share,
        hold=ramp.hold, core=OTHER_CORE, within=ramp.seconds,
    )  # fmt: skip


async def _climb(ramp: Ramp, climbs: Sequence[tuple[Stage, Seen, Callers]]) -> None:
    end, then = time.time() + ramp.seconds, ramp.then
    while time.time() < end and not any(seen.late() for _, seen, _ in climbs):
        await asyncio.sleep(LOOK_SECONDS)
        for stage, seen, callers in climbs:
            seen.looks.append(_look(stage))
            seen.answers = callers.seen()
        if then is not None and sum(seen.up(time.time()) for _, seen, _ in climbs) >= then[0]:
            for _, _, callers in climbs:
                callers.set_rate(then[1] // len(climbs))
            then = None


def _look(stage: Stage) -> Look:
    asterisk = psutil.Process(stage.pbx.pid)
    controller = psutil.Process(stage.process.pid).memory_info().rss if stage.process else 0
    memory = asterisk.memory_info().rss
    return Look(time.time(), cpu(asterisk), memory / 2**20, controller / 2**20)


def _torn(stage: Stage, until: float) -> tuple[float, str] | None:
    """When recordings began to have gaps."""
    tracks = list(stage.installation.folder.recordings.glob("*/citizen~*"))
    at = torn_at(tracks, until)
    return None if at is None else (at, "track")


async def _ask_for_notices(stage: Stage, notices: list[tuple[float, float | None]]) -> None:
    """Call again and again as one more citizen, by the simulated carrier."""
    while True:
        began = time.time()
        try:
            notices.append((began, await first_prompt(stage)))
        except (PersonError, IndexError):  # not answered, or nothing heard
            notices.append((began, None))
