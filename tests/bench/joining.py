"""One three-way call: press 1 → all hear all; the citizen's gap; hang-up → sealed."""

import asyncio
import time

from simulator.city import TONES
from simulator.ears import Sound, amplitude, longest_gap
from store.journal import JournalRow
from tests.e2e.scenes import connect, ear, everybody_leaves, given_bridged_call
from tests.e2e.stage import given_stage


async def joining() -> dict[str, float]:
    """In milliseconds."""
    async with given_stage(notice="whole") as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        start = time.time()
        await city.liaison.press("1")
        call = await stage.until_at("room", "citizen", "operator", "liaison")
        await asyncio.sleep(2.0)
        end = time.time() - 0.2
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        folder, _ = await stage.sealed()
        facts = await stage.facts()
        accepted = at(facts, "connect_accepted")
        last_leg = max(row.at.timestamp() for row in facts if row.kind == "leg_ended")
        # The archive folder got its last change, read-only, when the seal was finished.
        sealed = await asyncio.to_thread(lambda: folder.stat().st_ctime)
        # A phone is silent while it sends a key: the liaison's ear tells, not their voice.
        joined = max(
            first_heard(ear(city.liaison), "citizen", start),
            first_heard(ear(city.liaison), "operator", start),
        )
        return {
            "press 1 → audio on all legs (ms)": (joined - accepted) * 1000,
            "the citizen's gap at the move (ms)": longest_gap(
                ear(city.citizen), "operator", start - 0.1, end
            ) * 1000,
            "hang-up → sealed (ms)": (sealed - last_leg) * 1000,
        }  # fmt: skip


def at(facts: list[JournalRow], kind: str) -> float:
    return next(row.at.timestamp() for row in facts if row.kind == kind)


def first_heard(sound: Sound, role: str, since: float) -> float:
    """Epoch second from which a role is heard, to 5 ms."""
    moment = since
    while moment < sound.ends_at:
        part = sound.between(moment, moment + 0.02)
        if amplitude(part, TONES[role], sound.rate) > 800:
            return moment + 0.01
        moment += 0.005
    raise AssertionError(f"{role} was never heard")
