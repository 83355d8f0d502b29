"""Keys at the wrong time, and far too many of them."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import soundfile

from hotline.settings import ROOT
from simulator.person import Person, PersonError
from telephony.carrying_out import KEY_SECONDS
from tests.e2e.scenes import (
    accept,
    connect,
    everybody_leaves,
    given_bridged_call,
    hears,
    pass_of,
)
from tests.e2e.stage import SeenCall, Stage, given_stage, until

PROMPTS = ROOT / "asterisk_conf/sounds/zh"
INVITE = ("liaison_invite", "topic_general", "liaison_press")


class PlayKey:
    """One key, as RFC 4733 events, whatever else the person does."""

    def __init__(self, channel: str, key: str) -> None:
        self._fields = {
            "Action": "PlayDTMF", "Channel": channel, "Digit": key, "Duration": "50",
        }  # fmt: skip

    def fields(self) -> dict[str, Any]:
        return dict(self._fields)


async def flood(stage: Stage, person: Person, keys: str) -> None:
    """All of these, one after the other, without a breath."""
    channel = await person._line()
    for key in keys:
        await stage.carrier.link.send(PlayKey(channel, key), deadline=10)


async def test_many_keys_of_citizen_and_liaison_disturb_nobody() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.citizen.press("0123456789*#11")
        await city.citizen.until_pressed()
        pair = await pass_of(1.0)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await accept(city.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")
        await asyncio.gather(city.liaison.press("1" * 12 + "2" * 12), city.citizen.press("*#" * 12))
        await asyncio.gather(city.liaison.until_pressed(), city.citizen.until_pressed())
        room = await pass_of(1.0)
        assert (await stage.call()).at("room") == {"citizen", "operator", "liaison"}
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        assert hears(city.citizen, pair) == {"operator"}
        assert hears(city.citizen, room) == {"operator", "liaison"}
        assert hears(city.liaison, room) == {"citizen", "operator"}


@pytest.mark.parametrize("keys", ["7" * 50, "2" * 50, "123" * 16])
async def test_fifty_keys_while_being_asked_are_one_answer(keys: str) -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await city.deputy.when_rung("busy")
        await city.duty_leader.when_rung("busy")
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        flooding = asyncio.create_task(flood(stage, city.liaison, keys))
        outcome = {"7": "no_key", "2": "declined", "1": "joined"}[keys[0]]

        async def told() -> bool:
            return any(x.data["outcome"] == outcome for x in await stage.facts("rung_over"))

        await until(told, 20, outcome)
        await asyncio.gather(flooding, return_exceptions=True)
        after = await pass_of(0.6)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        assert "operator" in hears(city.citizen, after)
        assert city.liaison.times_rung == 1


async def test_1_at_the_very_end_of_the_time_is_in_or_out_and_never_between() -> None:
    """Three liaisons of three units press a little before, at, and after the limit."""
    limit = sum(float(soundfile.info(Path(PROMPTS / f"{x}.wav")).duration) for x in INVITE)
    limit += KEY_SECONDS
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        seconds = {"market": (city.liaison, -0.4), "construction": (city.builder, -0.2),
                   "petition": (city.petition_officer, 0.0)}  # fmt: skip
        for person in (city.deputy, city.duty_leader, *map(deputy_of(stage), ("6202", "6302"))):
            await person.when_rung("busy")

        async def late(unit: str, person: Person, offset: float) -> None:
            await person.when_rung("answer")
            await connect(stage, call, unit)
            await person.until_talking()
            answered = time.monotonic()
            await asyncio.sleep(limit + offset - (time.monotonic() - answered))
            with suppress(PersonError):  # too late: the hotline has hung up
                await person.press("1")

        await asyncio.gather(*(late(unit, *how) for unit, how in seconds.items()))

        def settled(seen: SeenCall) -> bool:
            return len(seen.connects) == 3 and all(
                (c.how == "joined") == seconds[c.unit_id][0].is_talking and c.how
                for c in seen.connects
            )

        seen = await stage.until_call(settled, within=30)
        assert {c.how for c in seen.connects} <= {"joined", "exhausted"}
        for asked in seen.connects:
            joined = [rung for rung in asked.rungs if rung["outcome"] == "joined"]
            assert len(joined) == (asked.how == "joined"), asked.rungs
        end = await pass_of(1.0)
        await everybody_leaves(
            stage, city.citizen, city.operator, *(person for person, _ in seconds.values())
        )
        assert "operator" in hears(city.citizen, end)


def deputy_of(stage: Stage) -> Any:
    return lambda number: stage.city.person(number, "liaison")
