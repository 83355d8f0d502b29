"""CPU of Asterisk and of the controller over the same recorded calls."""

import asyncio
import os

import psutil

from tests.bench.bare import given_bare
from tests.e2e.stage import Stage, given_stage, until

LOAD_CALLS = int(os.environ.get("BENCH_CALLS", "20"))


async def load(stage: Stage, seconds: float) -> float:
    """CPU seconds of Asterisk for so many recorded calls of this length."""
    people = [stage.city.person(f"139{n:08d}", "citizen") for n in range(LOAD_CALLS)]
    asterisk = psutil.Process(stage.pbx.pid)
    before = cpu(asterisk)
    for person in people:
        await person.dial()
    await asyncio.gather(*(person.until_talking() for person in people))
    await asyncio.sleep(seconds)
    await asyncio.gather(*(person.hang_up() for person in people))
    await asyncio.gather(*(person.until_hung_up() for person in people))
    return cpu(asterisk) - before


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def side_by_side(seconds: float) -> tuple[float, float, float]:
    """CPU of our Asterisk, of our controller and of a bare Asterisk, at the same moment.

    Most of what Asterisk costs are wake-ups, and what one costs depends on what else the two cores
    do at that moment: side by side it is the same for both.
    """
    async with given_stage(notice="whole", controller="process") as stage, given_bare() as plain:
        (asterisk, controller), bare = await asyncio.gather(
            with_controller(stage, seconds), load(plain, seconds)
        )
        return asterisk, controller, bare


async def ours(seconds: float) -> tuple[float, float]:
    """As `with_controller`, on a stage of its own."""
    async with given_stage(notice="whole", controller="process") as stage:
        return await with_controller(stage, seconds)


async def with_controller(stage: Stage, seconds: float) -> tuple[float, float]:
    """CPU of Asterisk, and of a controller in a process of its own till all calls are sealed."""
    assert stage.process is not None
    controller = psutil.Process(stage.process.pid)
    before = cpu(controller)
    asterisk = await load(stage, seconds)
    await until(lambda: all_sealed(stage), 60, "every call sealed")
    return asterisk, cpu(controller) - before


async def all_sealed(stage: Stage) -> bool:
    return len(await stage.facts("recording_sealed")) >= LOAD_CALLS
