"""Somebody hangs up after the newcomer's 1 and before the pair is in the room."""

from simulator.ears import longest_gap
from tests.e2e.bridging.ears import hears_mostly
from tests.e2e.bridging.holding import given_stage_that_can_wait
from tests.e2e.scenes import (
    accept,
    connect,
    ear,
    everybody_leaves,
    given_bridged_call,
    pass_of,
)

MOVE = b"Action: Redirect"


async def test_the_citizen() -> None:
    """The operator goes with them; the liaison hears an apology, at once."""
    async with given_stage_that_can_wait() as (stage, proxy):
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        proxy.hold(MOVE)
        await accept(city.liaison)
        await proxy.held()
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
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        proxy.hold(MOVE)
        await accept(city.liaison)
        await proxy.held()
        await city.operator.hang_up()
        await city.operator.until_hung_up()
        proxy.go()
        await stage.until_at("room", "citizen", "liaison")
        await stage.until_call(lambda seen: seen.connects[0].state == "joined")
        together = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.liaison)
        assert hears_mostly(city.citizen, together) == {"liaison"}
        assert hears_mostly(city.liaison, together) == {"citizen"}


async def test_the_liaison() -> None:
    """The pair talks on, and the deputy is rung."""
    async with given_stage_that_can_wait() as (stage, proxy):
        city = stage.city
        call = await given_bridged_call(stage)
        before = await pass_of(1.0)
        await city.liaison.when_rung("answer")
        await city.deputy.when_rung("answer")
        await connect(stage, call, "market")
        proxy.hold(MOVE)
        await accept(city.liaison)
        await proxy.held()
        await city.liaison.hang_up()
        await city.liaison.until_hung_up()
        proxy.go()
        await accept(city.deputy)
        await stage.until_at("room", "citizen", "operator", "liaison")
        after = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator)
        assert longest_gap(ear(city.citizen), "operator", before[0], after[1]) <= 0.5
        assert hears_mostly(city.citizen, after) == {"operator", "liaison"}
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 1)
