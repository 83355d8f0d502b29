"""How many call set-ups a second, and how many recorded calls, one core of Asterisk carries."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil

from simulator.person import PersonError
from telephony.asterisk.ports import free_range
from tests.bench.bare import given_bare
from tests.bench.cores import OTHER_CORE, pin, unpin
from tests.bench.prompts import first_prompt, p95
from tests.bench.sipp import Answers, Callers
from tests.e2e.stage import Stage, given_stage, until

ANSWER_MS = 200.0
FIRST_RATE, RISE, RAMP_SECONDS = 40, 5, 45
SETUP_HOLD = 2.0
# Recorded calls: so many are asked for, so many a second, and a gap is more than 40 ms.
MOST_CALLS, CALL_RATE, GAP_SECONDS = 800, 15, 0.04
CALL_HOLD = 100.0
PROMPT_MS = 500.0
# So much of all tracks may begin a gap in one second: a hiccup of the machine is no limit.
GAP_SHARE = 0.01
STEP = 160  # samples of 20 ms
# Asterisk writes tracks in blocks of two seconds: what is younger is not in the file yet.
UNWRITTEN = 2.5
ANY_NUMBER = 5000
RTP_PORTS = 4000  # two a call
LOOK_SECONDS = 0.5


@asynccontextmanager
async def pinned(bare: bool) -> AsyncIterator[Stage]:
    """A stage whose Asterisk has a core to itself; ours has its controller on the other."""
    ports = free_range("127.0.0.1", RTP_PORTS)
    given: AbstractAsyncContextManager[Stage] = (
        given_bare(max_calls=ANY_NUMBER, rtp=ports)
        if bare
        else given_stage(notice="whole", controller="none", max_calls=ANY_NUMBER, rtp=ports)
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
        rising = Callers(
            stage, count=100_000, rate=FIRST_RATE, rise=RISE, hold=SETUP_HOLD, core=OTHER_CORE,
            within=RAMP_SECONDS,
        )  # fmt: skip
        end = time.time() + RAMP_SECONDS
        async with rising as callers:
            while time.time() < end and broken_at(callers.seen(), time.time() - 1.5) is None:
                await asyncio.sleep(LOOK_SECONDS)
            seen = await callers.stop()
    return rate_at(seen, broken_at(seen, time.time()) or end)


def broken_at(seen: Answers, until: float) -> float | None:
    """The first of two seconds in a row whose p95 of the answer is too late, or with a failure."""
    if not seen.answered:
        return None
    failed = [at for at, count in seen.failures if count]
    first = min(at for at, _ in seen.answered)
    late_before = False
    for second in range(int(until - first)):
        begins = first + second
        if failed and begins + 1 > failed[0]:
            break
        took = [ms for at, ms in seen.answered if begins <= at < begins + 1]
        late = not took or p95(took) > ANSWER_MS
        if late and late_before:
            return begins - 1
        late_before = late
    return failed[0] if failed else None


def rate_at(seen: Answers, moment: float) -> float:
    """Calls answered a second in the two seconds before."""
    return sum(moment - 2 <= at < moment for at, _ in seen.answered) / 2


@dataclass
class Carried:
    """What one core carried: calls at once when the first thing was no longer good."""

    calls: float
    # Which it was: answer | notice | track | none
    limit: str
    # MB a live call: Asterisk's, and the controller's (0 without one).
    asterisk_mb: float
    controller_mb: float


@dataclass
class _Watch:
    """While the calls become more."""

    # (epoch second, ms from dialling to the notice; None: never)
    notices: list[tuple[float, float | None]] = field(default_factory=list)
    # (epoch second, MB of Asterisk, MB of the controller)
    memory: list[tuple[float, float, float]] = field(default_factory=list)


async def recorded_calls(bare: bool) -> Carried:
    """Recorded calls at once, more and more, until something is no longer good."""
    watch = _Watch()
    async with pinned(bare) as stage:
        more = Callers(
            stage, count=MOST_CALLS, rate=CALL_RATE, hold=CALL_HOLD, core=OTHER_CORE, within=110
        )
        async with more as callers:
            await _until_late(stage, callers, watch)
            ends = time.time()
            seen = await callers.stop()
        tracks = list(stage.installation.folder.recordings.glob("*/citizen~*"))
        torn = await asyncio.to_thread(torn_at, tracks, ends - UNWRITTEN)
    at, limit = min(_late(seen, watch) or (ends, "none"), (torn or ends, "track"))
    return Carried(
        calls=float(_up(seen, at)), limit=limit,
        asterisk_mb=_slope([(_up(seen, when), mb) for when, mb, _ in watch.memory if when < at]),
        controller_mb=_slope([(_up(seen, when), mb) for when, _, mb in watch.memory if when < at]),
    )  # fmt: skip


async def _until_late(stage: Stage, callers: Callers, watch: _Watch) -> None:
    """Return once something is late, or all that are asked for are up."""
    asking = asyncio.create_task(_ask_for_notices(stage, watch))
    try:
        end = time.time() + MOST_CALLS / CALL_RATE + UNWRITTEN
        while time.time() < end and _late(callers.seen(), watch) is None:
            _weigh(stage, watch)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


def _up(seen: Answers, moment: float) -> int:
    """Calls at once: all that were answered; none has ended yet."""
    return sum(at < moment for at, _ in seen.answered)


def _late(seen: Answers, watch: _Watch) -> tuple[float, str] | None:
    """When an answer or the notice was too late, and which."""
    answer, notice = broken_at(seen, time.time() - 1.5), notice_late(watch.notices)
    found = [(answer, "answer")] if answer is not None else []
    found += [(notice, "notice")] if notice is not None else []
    return min(found, default=None)


def notice_late(notices: list[tuple[float, float | None]]) -> float | None:
    """The first of two notices in a row that began too late."""
    for (at, took), (_, next_took) in pairwise(notices):
        if all(ms is None or ms > PROMPT_MS for ms in (took, next_took)):
            return at
    return None


async def _ask_for_notices(stage: Stage, watch: _Watch) -> None:
    """Call again and again as one more citizen, by the simulated carrier."""
    while True:
        began = time.time()
        try:
            watch.notices.append((began, await first_prompt(stage)))
        except (PersonError, IndexError):  # not answered, or nothing heard
            watch.notices.append((began, None))


def _weigh(stage: Stage, watch: _Watch) -> None:
    asterisk = psutil.Process(stage.pbx.pid).memory_info().rss
    controller = psutil.Process(stage.process.pid).memory_info().rss if stage.process else 0
    watch.memory.append((time.time(), asterisk / 2**20, controller / 2**20))


def _slope(points: list[tuple[int, float]]) -> float:
    calls, sizes = np.array(points).T
    return float(np.polyfit(calls, sizes, 1)[0])


def torn_at(tracks: list[Path], until: float) -> float | None:
    """The first second in which too many of all tracks begin a gap in their tone."""
    moments = sorted(gap for track in tracks for gap in gaps(track) if gap < until)
    starts = sorted(_starts(track) for track in tracks)
    for number, moment in enumerate(moments):
        begun = sum(moment <= later < moment + 1 for later in moments[number:])
        if begun > GAP_SHARE * sum(start < moment for start in starts):
            return moment
    return None


def _starts(track: Path) -> float:
    found = re.search(r"~(\d{13})~", track.name)
    assert found is not None
    return int(found[1]) / 1000


def gaps(track: Path) -> list[float]:
    """Epoch seconds at which a track begins to miss more than 40 ms of its tone."""
    samples = np.frombuffer(track.read_bytes()[44:], dtype="<i2")
    steps = samples[: len(samples) // STEP * STEP].reshape(-1, STEP)[50:].astype(np.float32)
    quiet = np.concatenate([[False], np.sqrt((steps**2).mean(axis=1)) < 1000, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8))).reshape(-1, 2)
    longer = edges[(edges[:, 1] - edges[:, 0]) * 0.02 > GAP_SECONDS + 1e-6]
    return [_starts(track) + 1.0 + float(first) * 0.02 for first in longer[:, 0]]
