"""From the INVITE to the first sound of the notice."""

import asyncio
import time

import numpy as np

from tests.e2e.scenes import ear
from tests.e2e.stage import Stage


async def first_prompt(stage: Stage) -> float:
    """Milliseconds from the Originate of the citizen's call to the first sound of the notice."""
    person = stage.city.person(f"138{time.time_ns() % 10**8:08d}", "citizen")
    began = time.time()
    await person.dial()
    await person.until_talking()
    await asyncio.sleep(0.7)
    await person.hang_up()
    await person.until_hung_up()
    heard = ear(person)
    loud = np.flatnonzero(np.abs(heard.samples.astype(np.int32)) > 300)
    return (heard.starts_at + float(loud[0]) / heard.rate - began) * 1000


async def prompts(stage: Stage, count: int) -> float:
    """p95 of several first prompts."""
    return p95([await first_prompt(stage) for _ in range(count)])


def p95(values: list[float]) -> float:
    """Nearest rank."""
    found = sorted(values)
    return found[min(len(found) - 1, round(0.95 * (len(found) - 1)))]
