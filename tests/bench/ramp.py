"""How many call set-ups a second, and how many recorded calls, one core of Asterisk carries."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import numpy as np

from simulator.person import PersonError
from tests.bench.bare import given_bare
from tests.bench.cores import OTHER_CORE, pin, unpin
from tests.bench.prompts import first_prompt, p95
from tests.bench.sipp import Answers, Callers, until_made
from tests.e2e.stage import Stage, given_stage, until

ANSWER_MS = 200.0
FIRST_RATE, RISE, RAMP_SECONDS = 10, 5, 40
SETUP_HOLD = 2.0
# Recorded calls: so many are asked for, so many a second, and a gap is more than 40 ms.
MOST_CALLS, CALL_RATE, GAP_SECONDS = 480, 12, 0.04
PROMPT_MS = 500.0
STEP = 160  # 20 ms
ANY_NUMBER = 5000


@asynccontextmanager
async def pinned(bare: bool) -> AsyncIterator[Stage]:
    """A stage whose Asterisk has a core to itself; ours has its controller on the other."""
    given: AbstractAsyncContextManager[Stage] = (
        given_bare(max_calls=ANY_NUMBER)
        if bare
        else given_stage(controller="none", max_calls=ANY_NUMBER)
    )
    async with given as stage:
        if not bare:
            await start_controller(stage)
        pin(stage)
        try:
            yield stage
        finally:
            unpin()


async def start_controller(stage: Stage) -> None:
    """In a process of its own; patient, as the machine may be busy."""
    await stage.start_controller_process(wait=False)
    await until(lambda: stage.facts("controller_started"), 90, "controller up")


async def set_ups(bare: bool) -> float:
    """Call set-ups a second, rising second by second, up to the first second that is too slow."""
    async with pinned(bare) as stage:
        callers = Callers(
            stage, count=100_000, rate=FIRST_RATE, rise=RISE, hold=SETUP_HOLD, core=OTHER_CORE,
            within=RAMP_SECONDS,
        )  # fmt: skip
        began = time.time()
        await callers.start()
        while time.time() < began + RAMP_SECONDS:
            await asyncio.sleep(1.0)
            if _broken_at(callers.seen(), time.time() - 1.5) is not None:
                break
        seen = await callers.stop()
        return _rate_at(seen, _broken_at(seen, time.time()) or time.time())


def _broken_at(seen: Answers, until: float) -> float | None:
    """The first of two seconds in a row whose p95 of the answer is too late, or with a failure."""
    if not seen.answered:
        return None
    failed = [at for at, count in seen.failures if count]
    slow_before = False
    first = min(at for at, _ in seen.answered)
    for second in range(int(until - first)):
        begins = first + second
        took = [ms for at, ms in seen.answered if begins <= at < begins + 1]
        slow = not took or p95(took) > ANSWER_MS
        if slow and slow_before:
            return begins - 1
        slow_before = slow
    return failed[0] if failed else None


def _rate_at(seen: Answers, moment: float) -> float:
    """Calls answered a second in the two seconds before."""
    return sum(moment - 2 <= at < moment for at, _ in seen.answered) / 2


async def recorded_calls(bare: bool) -> float:
    """Recorded calls at once until the first track has a gap or a notice comes late."""
    async with pinned(bare) as stage:
        callers = Callers(
            stage, count=MOST_CALLS, rate=CALL_RATE, hold=100, core=OTHER_CORE, within=110
        )
        await callers.start()
        late = await _until_late(stage, callers)
        ends = time.time()
        seen = await callers.stop()
        gap = await asyncio.to_thread(
            _first_gap, list(stage.installation.folder.recordings.glob("*/citizen~*")), ends - 2.5
        )
    broken = min(late or ends, gap or ends)
    return float(sum(at < broken for at, _ in seen.answered))


async def _until_late(stage: Stage, callers: Callers) -> float | None:
    """Call again and again as one more citizen, until the notice comes late or all have dialled."""
    full = asyncio.create_task(until_made(callers, MOST_CALLS, MOST_CALLS / CALL_RATE + 20))
    try:
        while not full.done():
            began = time.time()
            try:
                if await first_prompt(stage) > PROMPT_MS:
                    return began
            except (PersonError, IndexError):
                return began
        if full.exception() is not None:  # not all were answered: then that is when
            seen = callers.seen().answered
            return max(at for at, _ in seen)
        await asyncio.sleep(5.0)  # all of them talk
    finally:
        full.cancel()
    return None


def _first_gap(tracks: list[Path], until: float) -> float | None:
    """When the first track misses more than 40 ms of its tone."""
    gaps = [gap for track in tracks if (gap := _gap(track, until)) is not None]
    return min(gaps, default=None)


def _gap(track: Path, until: float) -> float | None:
    found = re.search(r"~(\d{13})~", track.name)
    assert found is not None
    starts = int(found[1]) / 1000
    samples = np.frombuffer(track.read_bytes()[44:][: 1 << 22], dtype="<i2")
    steps = samples[: len(samples) // STEP * STEP].reshape(-1, STEP)[50:].astype(np.float32)
    quiet = np.concatenate([[False], np.sqrt((steps**2).mean(axis=1)) < 1000, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8))).reshape(-1, 2)
    longer = edges[(edges[:, 1] - edges[:, 0]) * 0.02 > GAP_SECONDS + 1e-6]
    moments = starts + 1.0 + longer[:, 0] * 0.02
    moments = moments[moments < until]
    return float(moments[0]) if len(moments) else None
