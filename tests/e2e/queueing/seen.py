"""What these stories look at: ring-back rows, and the queues as Asterisk has them."""

import asyncio
import re

from sqlalchemy import select

from casework.ringback.tables import Ringback
from hotline.settings import ROOT
from simulator.ears import Sound, likeness, track_file
from simulator.person import Person
from telephony.tables import Operator
from tests.e2e.scenes import ear
from tests.e2e.stage import Stage, until

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

    return list(await until(enough, 15, f"{count} ring-backs {states}"))


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
    """How surely this prompt is in what was heard: see `likeness`."""
    return likeness(sound, track_file(PROMPTS / f"{name}.wav", 0).samples)


async def until_hears(person: Person, name: str, within: float = 20) -> None:
    """Return once this prompt is in what a person hears; looked for whenever more is written."""
    looked_at = 0

    async def so() -> bool:
        nonlocal looked_at
        sound = ear(person)
        if len(sound.samples) == looked_at:
            return False
        looked_at = len(sound.samples)
        return await asyncio.to_thread(heard_prompt, sound, name) > 0.8

    await until(so, within, f"{person.number} hears {name}")
