"""Many calls at our own service: a storm, more calls than lines, memory per call."""

import numpy as np
import psutil
from sqlalchemy import func, select

from telephony.tables import PhoneCall
from tests.bench.cores import OTHER_CORE
from tests.bench.ramp import pinned, start_controller
from tests.bench.sipp import Callers, until_made
from tests.e2e.stage import Stage, given_stage, until

# A busy hour of a city: about five calls a second. Ten times that, for ten seconds.
STORM_RATE, STORM_SECONDS, STORM_HOLD = 50, 10, 2.0
LINES, CROWD = 40, 60
CROWD_HOLD = 8.0
SIZES = (0, 20, 40, 60)


async def storm() -> dict[str, float]:
    """Every call and its end must be known: SIPp's count beside the database's."""
    async with pinned(bare=False) as stage:
        callers = Callers(
            stage, count=STORM_RATE * STORM_SECONDS, rate=STORM_RATE, hold=STORM_HOLD,
            core=OTHER_CORE, within=60,
        )  # fmt: skip
        await callers.start()
        seen = await callers.ended()
        await until(lambda: _ended(stage, len(seen.answered)), 120, "every call ended")
        events = len(stage.installation.folder.cel_file.read_bytes().splitlines())
        known = await _ended(stage, 0)
        return {
            "storm of 50 calls a second: calls": float(len(seen.answered)),
            "storm of 50 calls a second: events written by Asterisk": float(events),
            "storm of 50 calls a second: calls without begin or end": float(
                len(seen.answered) - known
            ),
            "storm of 50 calls a second: calls failed": float(seen.failed),
        }


async def _ended(stage: Stage, least: int) -> int:
    """Calls of which begin, answer and end are known; 0 while there are fewer than `least`."""
    async with stage.database.reading() as session:
        count = await session.scalar(
            select(func.count()).where(
                PhoneCall.stage == "ended",
                PhoneCall.answered_at.is_not(None),
                PhoneCall.ended_at.is_not(None),
            )
        )
    return int(count or 0) if int(count or 0) >= least else 0


async def overload() -> dict[str, float]:
    """Half as many calls again as there are lines: each is answered, none of the first breaks."""
    async with given_stage(controller="none", max_calls=LINES) as stage:
        await start_controller(stage)
        callers = Callers(stage, count=CROWD, rate=30, hold=CROWD_HOLD, core=OTHER_CORE, within=60)
        await callers.start()
        seen = await callers.ended()
        await until(lambda: _all_over(stage), 60, "all calls over and sealed")
        turned = stage.installation.folder.cel_file.read_text(errors="replace").count("FULL_HOUSE")
        broken = sum(call.row.line_broke for call in await stage.calls()) + max(
            0, CROWD - len(seen.answered)
        )
        return {
            "1.5 times as many calls as lines: answered": float(len(seen.answered)),
            "1.5 times as many calls as lines: told that all lines are busy": float(turned),
            "1.5 times as many calls as lines: broken": float(broken),
        }


async def _all_over(stage: Stage) -> bool:
    calls = await stage.calls()
    sealed = {row.call_id for row in await stage.facts("recording_sealed")}
    return len(calls) >= CROWD and all(
        call.row.stage == "ended" and call.call_id in sealed for call in calls
    )


async def memory() -> dict[str, float]:
    """MB a live call, of Asterisk and of the controller: slope over 0, 20, 40, 60 calls."""
    async with given_stage(controller="none", max_calls=5000) as stage:
        await start_controller(stage)
        assert stage.process is not None
        pids = {"Asterisk": stage.pbx.pid, "the controller": stage.process.pid}
        sizes: dict[str, list[float]] = {name: [] for name in pids}
        callers = []
        for _ in SIZES:
            for name, pid in pids.items():
                sizes[name].append(psutil.Process(pid).memory_info().rss / 2**20)
            more = Callers(stage, count=20, rate=20, hold=60, core=OTHER_CORE, within=90)
            callers.append(more)
            await more.start()
            await until_made(more, 20, 20)
        for one in callers:
            await one.stop()
        return {f"memory a live call, {name} (MB)": _slope(found) for name, found in sizes.items()}


def _slope(sizes: list[float]) -> float:
    return float(np.polyfit(SIZES, sizes, 1)[0])
