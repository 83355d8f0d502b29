"""Many calls at our own service: a storm, and more calls than lines."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import func, select

from store.tables import FactRow
from tests.bench.cores import OTHER_CORE
from tests.bench.pinned import pinned, start_controller
from tests.bench.sipp import Callers
from tests.e2e.stage import Stage, given_stage

# A busy hour of a city: about five calls a second. Ten times that, for ten seconds.
STORM_RATE, STORM_SECONDS, STORM_HOLD = 50, 10, 2.0
STORM = f"storm of {STORM_RATE} calls a second"
# One fact of each kind for each of these calls, which have one leg.
OF_EVERY_CALL = (
    "call_started", "leg_started", "leg_answered", "track_started", "leg_ended", "call_ended",
)  # fmt: skip
LINES, CROWD = 40, 60
CROWD_HOLD = 8.0
OVERLOAD = "1.5 times as many calls as lines"
# Looked at so often: our looking shares a core with the controller.
LOOK_SECONDS = 0.5


async def storm() -> dict[str, float]:
    """SIPp's count of calls beside what the main database has of each: nothing may be lost."""
    made = STORM_RATE * STORM_SECONDS
    async with pinned(bare=False) as stage:
        storm = Callers(
            stage, count=made, rate=STORM_RATE, hold=STORM_HOLD, core=OTHER_CORE, within=60
        )
        async with storm as callers:
            seen = await callers.ended()
        over = time.time()
        wanted = made * len(OF_EVERY_CALL)
        known = await _patiently(120, lambda: _known(stage), lambda known: known >= wanted)
        behind = time.time() - over
        lines = len(stage.installation.folder.cel_file.read_bytes().splitlines())
        return {
            f"{STORM}: calls failed": float(seen.failed),
            f"{STORM}: events in Asterisk's file": float(lines),
            f"{STORM}: events lost": float(wanted - known),
            f"{STORM}: hang-up of the last → all is known (s)": behind,
        }


async def _patiently(
    within: float, look: Callable[[], Awaitable[int]], enough: Callable[[int], bool]
) -> int:
    """What was last seen: enough, or all there was when the time was up."""
    end = time.time() + within
    while True:
        seen = await look()
        if enough(seen) or time.time() > end:
            return seen
        await asyncio.sleep(LOOK_SECONDS)


async def _known(stage: Stage) -> int:
    """Facts of every call, in the main database."""
    async with stage.database.reading() as session:
        count = await session.scalar(select(func.count()).where(FactRow.kind.in_(OF_EVERY_CALL)))
    return int(count or 0)


async def overload() -> dict[str, float]:
    """Half as many calls again as there are lines: each is answered, none of the first breaks."""
    async with given_stage(notice="whole", controller="none", max_calls=LINES) as stage:
        await start_controller(stage)
        crowd = Callers(stage, count=CROWD, rate=30, hold=CROWD_HOLD, core=OTHER_CORE, within=60)
        async with crowd as callers:
            seen = await callers.ended()
        over = await _patiently(60, lambda: _over_and_sealed(stage), lambda over: over >= CROWD)
        calls = await stage.calls()
        turned = sum(call.row.turned_away for call in calls)
        broken = sum(call.row.line_broke for call in calls)
        return {
            f"{OVERLOAD}: answered": float(len(seen.answered)),
            f"{OVERLOAD}: told that all lines are busy": float(turned),
            # Not answered, ended by a lost line, or without an end and a sealed recording.
            f"{OVERLOAD}: broken": float(CROWD - len(seen.answered) + broken + CROWD - over),
        }


async def _over_and_sealed(stage: Stage) -> int:
    sealed = {row.call_id for row in await stage.facts("recording_sealed")}
    calls = await stage.calls()
    return sum(call.row.stage == "ended" and call.call_id in sealed for call in calls)
