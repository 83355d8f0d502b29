"""What these stories look at: ring-back rows, and the queues as Asterisk has them."""

import re

import numpy as np
from sqlalchemy import select

from casework.ringback.tables import Ringback
from hotline.settings import ROOT
from simulator.ears import Sound, track_file
from telephony.tables import Operator
from tests.e2e.stage import Stage, until

RATE = 8000
PROMPTS = ROOT / "asterisk_conf/sounds/zh"


async def ringbacks(stage: Stage) -> list[Ringback]:
    async with stage.database.reading() as session:
        return list(await session.scalars(select(Ringback).order_by(Ringback.opened_at)))


async def until_ringbacks(stage: Stage, count: int, *states: str) -> list[Ringback]:
    """All of them, once there are so many in these states (none named: any)."""

    async def enough() -> list[Ringback] | None:
        rows = await ringbacks(stage)
        chosen = [row for row in rows if not states or row.state in states]
        return rows if len(chosen) >= count else None

    try:
        return list(await until(enough, 15, f"{count} ring-backs {states}"))
    except AssertionError as error:
        raise AssertionError(f"{error}\n{await stage.story()}") from None


async def operator(stage: Stage, extension: str) -> Operator | None:
    async with stage.database.reading() as session:
        found: Operator | None = await session.scalar(
            select(Operator).where(Operator.extension == extension)
        )
    return found


async def members(stage: Stage, queue: str) -> dict[str, str]:
    """Phone → what Asterisk says of it in this queue."""
    text = await stage.pbx.command(f"queue show {queue}")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return dict(re.findall(r"PJSIP/(\d+).*?\((ringinuse.*)$", plain, re.M))


async def waiting(stage: Stage, queue: str) -> list[str]:
    """Priorities of those who wait, first in line first."""
    text = await stage.pbx.command(f"queue show {queue}")
    return re.findall(r"^\s+\d+\. \S+ \(wait: [\d:]+, prio: (\d+)\)", text, re.M)


def heard_prompt(sound: Sound, name: str) -> float:
    """How surely this prompt is in what was heard: 1 is the prompt itself, below 0.5 is not it."""
    prompt = track_file(PROMPTS / f"{name}.wav", 0).samples.astype(float)
    # The last packets before a hang-up may be missing.
    heard = np.pad(sound.samples.astype(float), (0, RATE))
    size = len(prompt) + len(heard)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(prompt, size))
    matches = np.fft.irfft(product, size)[: max(1, len(heard) - len(prompt))]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    window = energy[len(prompt) :] - energy[: len(energy) - len(prompt)]
    scale = np.sqrt(window[: len(matches)] * np.sum(prompt**2)) + 1e6
    return float(np.max(matches / scale))
