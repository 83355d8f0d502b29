"""Somebody hangs up after the newcomer's 1 and before the pair is in the room."""

from simulator.ears import longest_gap
from tests.e2e.bridging.holding import HoldingProxy, given_stage_that_can_wait
from tests.e2e.scenes import (
    accept,
    connect,
    ear,
    everybody_leaves,
    given_bridged_call,
    hears,
    pass_of,
)
from tests.e2e.stage import Stage


async def given_move_held(stage: Stage, proxy: HoldingProxy) -> tuple[float, float]:
    """The liaison has pressed 1; nobody is moved before `proxy.go()`. Returns the talk before."""
    call = await given_bridged_call(stage)
    before = await pass_of(1.0)
    await stage.city.liaison.when_rung("answer")
    await connect(stage, call, "market")
    proxy.hold(b"Action: Redirect")
    await accept(stage.city.liaison)
    await proxy.held()
    return before


async def test_the_citizen() -> None:
    """The operator goes with them; the liaison hears an apology, at once."""
    async with given_stage_that_can_wait() as (stage, proxy):
        city = stage.city
        await given_move_held(stage, proxy)
        await city.citizen.hang_up()
        await city.operator.until_hung_up()
        proxy.go()
        await city.liaison.until_hung_up(within=20)
        await stage.until_call(lambda seen: seen.row.stage == "ended")
        answers = [row.data["outcome"] for row in await stage.facts("connect_answered")]
        assert answers == ["accepted", "nobody_joined"]
        [over] = await stage.facts("rung_over")
        assert over.data["outcome"] == "accepted_too_late"


async def test_the_operator() -> None:
    """The citizen is not sent away: liaison and citizen talk."""
    async with given_stage_that_can_wait() as (stage, proxy):
        city = stage.city
        await given_move_held(stage, proxy)
        await city.operator.hang_up()
        await city.operator.until_hung_up()
        proxy.go()
        await stage.until_at("room", "citizen", "liaison")
        await stage.until_call(lambda seen: seen.connects[0].state == "joined")
        together = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.liaison)
        assert hears(city.citizen, together) == {"liaison"}
        assert hears(city.liaison, together) == {"citizen"}


async def test_the_liaison() -> None:
    """The pair talks on, and the deputy is rung."""
    async with given_stage_that_can_wait() as (stage, proxy):
        city = stage.city
        await city.deputy.when_rung("answer")
        before = await given_move_held(stage, proxy)
        await city.liaison.hang_up()
        await city.liaison.until_hung_up()
        proxy.go()
        await accept(city.deputy)
        await stage.until_at("room", "citizen", "operator", "liaison")
        after = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator)
        assert longest_gap(ear(city.citizen), "operator", before[0], after[1]) <= 0.5
        assert hears(city.citizen, after) == {"operator", "liaison"}
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 1)
