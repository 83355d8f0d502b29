"""The ladder: primary, deputy, duty leader; each rung once; whatever goes wrong climbs on."""

import pytest

from tests.e2e.scenes import (
    accept,
    connect,
    given_bridged_call,
    given_second_bridged_call,
    given_three_way_call,
)
from tests.e2e.stage import Stage, given_stage


async def outcomes(stage: Stage) -> list[str]:
    return [row.data["outcome"] for row in await stage.facts("rung_over")]


@pytest.mark.parametrize(
    ("does", "outcome"),
    [
        ("busy", "busy"),
        ("no_answer", "no_answer"),
        ("unavailable", "no_answer"),  # 480 says no more than that
        ("progress_then_480", "no_answer"),
        ("voicemail", "no_key"),
    ],
)
async def test_the_deputy_joins_when_the_primary(does: str, outcome: str) -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung(does)
        await city.deputy.when_rung("answer")
        await connect(stage, call, "market")
        await city.deputy.until_talking(within=45)
        await city.deputy.press("1")
        await stage.until_at("room", "citizen", "operator", "liaison")

        await stage.until_call(lambda seen: seen.connects[0].state == "joined")
        assert await outcomes(stage) == [outcome, "joined"]
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 1)
        [asked] = (await stage.call()).connects
        assert (asked.state, [r["outcome"] for r in asked.rungs]) == (
            "joined",
            [outcome, "joined", None],
        )


async def test_declined_wrong_key_and_hung_up_climb_to_the_end() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        for person in (city.liaison, city.deputy, city.duty_leader):
            await person.when_rung("answer")
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        await city.liaison.press("2")
        await city.deputy.until_talking()
        await city.deputy.press("7")
        await stage.until_call(lambda _: True)
        await city.duty_leader.until_talking(within=30)
        await city.duty_leader.hang_up()
        await stage.until_call(lambda seen: seen.connects[0].how == "exhausted")

        assert await outcomes(stage) == ["declined", "no_key", "hung_up"]
        keys = [row.data["outcome"] for row in await stage.facts("connect_answered")]
        assert keys == ["declined", "wrong_key", "no_key"]
        # The two who talk never noticed.
        assert (await stage.call()).at("pair") == {"citizen", "operator"}


@pytest.mark.parametrize("how", ["rfc4733", "info", "inband"])
async def test_keys_however_the_phone_sends_them(how: str) -> None:
    async with given_stage(keys=how) as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await accept(city.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")


async def test_refusals_say_why() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_three_way_call(stage)

        async def refused(unit: str) -> str | None:
            return (await stage.ask(call.call_id, kind="connect", unit_id=unit)).reason

        assert await refused("nowhere") == "unknown_unit"
        await city.petition_officer.when_rung("no_answer")
        await connect(stage, call, "petition")
        assert await refused("petition") == "already_connecting"

        await city.citizen.hang_up()
        await city.operator.hang_up()
        await city.liaison.hang_up()
        await stage.until_call(lambda seen: seen.row.stage == "ended")
        assert await refused("market") == "call_over"


async def test_a_liaison_in_another_room_is_not_rung_again() -> None:
    async with given_stage() as stage:
        city = stage.city
        await given_three_way_call(stage)
        second = await given_second_bridged_call(stage)
        await city.deputy.when_rung("answer")
        await connect(stage, second, "market")
        await accept(city.deputy)
        await stage.until_call(
            lambda seen: seen.at("room") == {"citizen", "operator", "liaison"}, number=1
        )
        assert city.liaison.times_rung == 1
