"""From a pressed key to the next prompt, in [connect] and in a dialplan that only reads it."""

import asyncio
import time

import numpy as np
import soundfile
from numpy.typing import NDArray

from simulator.ears import Sound
from simulator.person import Person
from tests.bench.bare import given_bare
from tests.e2e.scenes import connect, ear, given_bridged_call
from tests.e2e.stage import Stage, given_stage, until

NEXT_PROMPT = "liaison_wrong_key"
TRIES = 4
LIKENESS = 0.6


async def key_to_prompt() -> tuple[float, float]:
    """Milliseconds, ours and bare: median of a few wrong keys of one liaison."""
    async with given_stage() as stage:
        call = await given_bridged_call(stage)
        await stage.city.liaison.when_rung("answer")
        ours = []
        for _ in range(TRIES):
            await connect(stage, call, "market")
            ours.append(await _press(stage, stage.city.liaison))
            await stage.until_call(lambda seen: all(c.state == "over" for c in seen.connects), 40)
    async with given_bare() as stage:
        await stage.city.liaison.when_rung("answer")
        bare = []
        for _ in range(TRIES):
            trunk = await _trunk(stage)
            await stage.pbx.command(
                f"channel originate PJSIP/{stage.city.liaison.number}@{trunk} "
                "extension s@ask_for_key"
            )
            bare.append(await _press(stage, stage.city.liaison))
    return float(np.median(ours)), float(np.median(bare))


async def _trunk(stage: Stage) -> str:
    """The endpoint of the carrier, by its name at the PBX."""
    lines = (await stage.pbx.command("pjsip show endpoints")).splitlines()
    names = [line.split()[1].partition("/")[0] for line in lines if line.startswith(" Endpoint:")]
    return next(name for name in names if name.startswith("trunk"))


async def _press(stage: Stage, liaison: Person) -> float:
    """A wrong key in the middle of the invitation; ms until the sentence that says so begins."""
    await liaison.until_talking()
    await asyncio.sleep(1.2)
    pressed = time.time()
    await liaison.press("9")
    await asyncio.sleep(1.5)
    path = stage.installation.folder.sounds / "zh" / f"{NEXT_PROMPT}.wav"
    prompt, _ = soundfile.read(path, dtype="int16")
    begins = await until(lambda: _begins(ear(liaison), prompt, pressed), 10, "the sentence")
    await liaison.hang_up()
    await liaison.until_hung_up()
    return float(begins - pressed) * 1000


def _begins(heard: Sound, prompt: NDArray[np.int16], since: float) -> float | None:
    """The epoch second at which this prompt begins in what was heard, by its likeness."""
    loud = np.flatnonzero(np.abs(prompt) > 500)[0]
    wanted = prompt[loud : loud + 4000].astype(np.float64)
    there = heard.between(since, heard.ends_at).astype(np.float64)
    if len(there) < len(wanted):
        return None
    size = np.sqrt(np.convolve(there**2, np.ones(len(wanted)), "valid")) + 1.0
    likeness = np.correlate(there, wanted, "valid") / size / np.sqrt((wanted**2).sum())
    best = int(likeness.argmax())
    return since + best / heard.rate if likeness[best] > LIKENESS else None
