"""Two things at the same moment: one of them wins, and nobody is left between them."""

import asyncio
from collections import Counter

import pytest

from telephony.ami.link import AmiAddress
from tests.e2e.proxy import given_proxy
from tests.e2e.scenes import (
    accept,
    connect,
    everybody_leaves,
    given_bridged_call,
    given_second_bridged_call,
    given_three_way_call,
    hears,
    pass_of,
)
from tests.e2e.stage import SeenCall, given_stage


async def test_one_unit_asked_for_five_times_at_once_is_rung_once() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer", after_seconds=1.0)
        commands = await asyncio.gather(
            *(stage.ask(call.call_id, kind="connect", unit_id="market") for _ in range(5))
        )
        assert Counter((x.state, x.reason) for x in commands) == {
            ("done", None): 1,
            ("refused", "already_connecting"): 4,
        }
        await accept(city.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 0)


async def test_one_person_asked_for_by_two_calls_at_once_is_rung_by_one() -> None:
    async with given_stage() as stage:
        city = stage.city
        first = await given_bridged_call(stage)
        second = await given_second_bridged_call(stage)
        for person in (city.liaison, city.deputy):
            await person.when_rung("answer", after_seconds=0.5)
        await asyncio.gather(
            *(stage.send(x.call_id, kind="connect", unit_id="market") for x in (first, second))
        )
        await asyncio.gather(accept(city.liaison), accept(city.deputy))
        for number in range(2):
            await stage.until_call(
                lambda seen: seen.at("room") == {"citizen", "operator", "liaison"}, number=number
            )
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 1)


async def test_two_liaisons_press_1_at_the_same_moment() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        newcomers = (city.liaison, city.petition_officer)
        for person, unit in zip(newcomers, ("market", "petition"), strict=True):
            await person.when_rung("answer")
            await connect(stage, call, unit)
        for person in newcomers:
            await person.until_talking()
        await asyncio.gather(*(person.press("1") for person in newcomers))
        await stage.until_at("room", "citizen", "operator", "liaison", "petition")
        together = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator, *newcomers)
        everybody = {"citizen", "operator", "liaison", "petition"}
        assert hears(city.citizen, together) == everybody - {"citizen"}
        assert hears(city.liaison, together) == everybody - {"liaison"}
        assert hears(city.petition_officer, together) == everybody - {"petition"}


async def test_removed_in_the_moment_in_which_they_leave() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_three_way_call(stage)
        leg_id = call.leg("liaison").leg_id
        command, _ = await asyncio.gather(
            stage.ask(call.call_id, kind="remove", leg_id=leg_id), city.liaison.hang_up()
        )
        assert command.state in ("done", "refused"), command.state
        seen = await stage.until_at("room", "citizen", "operator")
        assert not seen.row.ended_at
        after = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator)
        assert hears(city.citizen, after) == {"operator"}


@pytest.mark.parametrize("cancel_after", [0.0, 0.1, 0.3, 0.5])
async def test_cancelled_while_1_is_pressed(cancel_after: float) -> None:
    """The key takes a third of a second on its way: before, while, and after it counts."""
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        [asked] = (await stage.call()).connects

        async def cancel() -> None:
            await asyncio.sleep(cancel_after)  # the moment itself is what is tried
            await stage.ask(call.call_id, kind="cancel_connect", request_id=asked.request_id)

        await asyncio.gather(city.liaison.press("1"), cancel())

        def settled(seen: SeenCall) -> bool:
            how, there = seen.connects[0].how, {"citizen", "operator"}
            if how == "joined":
                return seen.at("room") == {*there, "liaison"}
            return how == "cancelled" and not city.liaison.is_talking

        seen = await stage.until_call(settled)
        after = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        there = {"operator", "liaison"} if seen.connects[0].how == "joined" else {"operator"}
        assert hears(city.citizen, after) == there
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 0)


@pytest.mark.parametrize("moment", ["after the request", "before the reply"])
async def test_the_link_is_cut_at_the_move(moment: str) -> None:
    async with given_stage(controller="none") as stage:
        city = stage.city
        async with given_proxy(stage.settings.ami_port) as proxy:
            real = stage.installation.ami
            stage.installation.__dict__["ami"] = AmiAddress(
                real.host, proxy.port, real.username, real.secret
            )
            await stage.start_controller()
            call = await given_bridged_call(stage)
            await city.liaison.when_rung("answer")
            await connect(stage, call, "market")
            await city.liaison.until_talking()
            if moment == "after the request":
                proxy.cut_after_request = lambda data: b"Action: Redirect" in data
            else:
                proxy.cut_before_reply = lambda data: b"Redirect successful" in data
            await city.liaison.press("1")
            await stage.until_at("room", "citizen", "operator", "liaison")
            together = await pass_of(6.0)  # beyond the newcomer's own limit
            assert proxy.cuts == 1
            await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
            assert hears(city.citizen, together) >= {"operator"}
            end = (together[1] - 0.8, together[1])
            assert hears(city.citizen, end) == {"operator", "liaison"}
            await stage.stop_controller()
