"""From a pressed key to the next prompt, in [connect] and in a dialplan that only reads it."""

import time
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from simulator.ears import Sound
from simulator.person import Person
from tests.bench.bare import given_bare
from tests.e2e.scenes import connect, ear, given_bridged_call
from tests.e2e.stage import Stage, given_stage, until

INVITATION, WRONG_KEY = "liaison_invite", "liaison_wrong_key"
TRIES = 6
LIKENESS = 0.6
# So much of a prompt is looked for, from its first sound on. The first of an invitation may be
# said before the liaison's ear is open: there a part of a second later is looked for.
SAMPLES, LATER = 4000, 8000


async def key_to_prompt() -> tuple[float, float]:
    """Milliseconds, ours and bare: median of a few wrong keys of one liaison."""
    return await _ours(), await _bare()


async def _ours() -> float:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer", after_seconds=0)
        # When the liaison has put the receiver down the ladder is over in a moment.
        await city.deputy.when_rung("busy")
        await city.duty_leader.when_rung("busy")
        took = []
        for _ in range(TRIES):
            await connect(stage, call, "market")
            took.append(await _press(stage, city.liaison))
            await stage.until_call(lambda seen: all(c.state == "over" for c in seen.connects), 40)
        return float(np.median(took))


async def _bare() -> float:
    async with given_bare() as stage:
        await stage.pbx.command("module load res_clioriginate.so")
        liaison = stage.city.liaison
        await liaison.when_rung("answer", after_seconds=0)
        took = []
        for _ in range(TRIES):
            answer = await stage.pbx.command(
                f"channel originate PJSIP/{liaison.number}@{stage.installation.trunks[0].name} "
                "extension s@ask_for_key"
            )
            assert not answer.strip(), answer
            took.append(await _press(stage, liaison))
        return float(np.median(took))


async def _press(stage: Stage, liaison: Person) -> float:
    """A wrong key in the middle of the invitation; ms until the sentence that says so begins."""
    began = time.time()
    await liaison.until_talking()
    sounds = stage.installation.folder.sounds / "zh"
    await until(_Begins(liaison, sounds / f"{INVITATION}.wav", began, LATER), 10, "the invitation")
    pressed = time.time()
    await liaison.press("9")
    begins = await until(_Begins(liaison, sounds / f"{WRONG_KEY}.wav", pressed), 10, "the sentence")
    await liaison.hang_up()
    await liaison.until_hung_up()
    return float(begins - pressed) * 1000


class _Begins:
    """The epoch second at which a prompt begins in what a person hears, once they have heard it."""

    def __init__(self, person: Person, prompt: Path, since: float, later: int = 0) -> None:
        self._person, self._since, self._looked_at = person, since, 0
        samples, _ = soundfile.read(prompt, dtype="int16")
        self._prompt = samples[later:]

    def __call__(self) -> float | None:
        heard = ear(self._person)
        if len(heard.samples) == self._looked_at:  # the file grows in blocks of two seconds
            return None
        self._looked_at = len(heard.samples)
        return where(self._prompt, heard, self._since)


def where(prompt: NDArray[np.int16], heard: Sound, since: float) -> float | None:
    """The epoch second at which this prompt's first sound is heard, by its likeness."""
    loud = np.flatnonzero(np.abs(prompt) > 500)[0]
    wanted = prompt[loud : loud + SAMPLES].astype(np.float64)
    since = max(since, heard.starts_at)
    there = heard.between(since, heard.ends_at).astype(np.float64)
    if len(there) < len(wanted):
        return None
    size = np.sqrt(np.convolve(there**2, np.ones(len(wanted)), "valid")) + 1.0
    likeness = np.correlate(there, wanted, "valid") / size / np.sqrt((wanted**2).sum())
    best = int(likeness.argmax())
    return since + best / heard.rate if likeness[best] > LIKENESS else None
