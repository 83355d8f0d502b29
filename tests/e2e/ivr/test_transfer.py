"""A flow gives the caller to a number outside: joined and recorded, or back in the flow."""

import pytest

from hotline.flows import apply_file
from simulator.person import Person
from telephony.ivr.source import FlowBroken
from tests.e2e.ivr.scenes import dial_and_press, in_flow, way, written
from tests.e2e.scenes import everybody_leaves, hears, pass_of
from tests.e2e.stage import SeenCall, Stage, given_stage

WATER = """\
flow: water
start: notice
after: rating
nodes:
  notice: {kind: keys, say: [notice], keys: {7: water}, next: person}
  water: {kind: transfer, say: [transferring], number: "6201", ring_seconds: 6, next: sorry}
  sorry: {kind: say, say: [back_to_queue], next: person}
  person: {kind: queue}
  rating: {kind: rate, say: [rate_ask], next: farewell}
  farewell: {kind: goodbye}
"""


async def given_water_line(stage: Stage) -> Person:
    """The flow in force, and who answers the water company's telephone (or does not)."""
    await apply_file(stage.installation, written(stage, WATER))
    return stage.city.builder


def with_them(call: SeenCall) -> bool:
    return call.at("pair") == {"citizen", "liaison"}


async def test_the_caller_talks_with_the_number_outside_and_both_are_recorded() -> None:
    """
    what                     | citizen                | water company
    presses 7 in the notice  | "you are transferred"  | rung, shown 12345 and no name
    they answer              |                        | "a call; it is recorded"
    joined                   | hears 880 Hz           | hears 440 Hz
    they hang up             | asked to rate          |
    """
    async with given_stage(notice="whole") as stage, stage.desk():
        city = stage.city
        water = await given_water_line(stage)
        await water.when_rung("answer")
        await dial_and_press(city.citizen, "7", then="tone")
        call = await stage.until_call(with_them, within=25)
        assert water.shown() == (stage.settings.number, "")
        span = await pass_of(2.5)
        assert city.operator.times_rung == 0
        await water.hang_up()
        rating = await in_flow(stage, "flow_node_entered", node="rating")
        assert rating.call_id == call.call_id
        await city.citizen.until_hung_up(within=30)

        assert hears(city.citizen, span) == {"liaison"}
        assert hears(water, span) == {"citizen"}
        assert set(await stage.tracks()) == {"citizen", "liaison"}
        ended = await stage.until_call(lambda seen: seen.row.stage == "ended")
        assert ended.leg("liaison").person_id is None
        assert ended.row.operator_at is None and ended.row.talked_at is not None
        [ticket] = await stage.until_tickets(1)
        assert (ticket.kind, ticket.who_spoke) == ("call", ["citizen", "liaison"])
        assert await stage.facts("ringback_owed") == []


@pytest.mark.parametrize("they", ["no_answer", "busy", "congested", "unavailable"])
async def test_where_nobody_answers_the_caller_is_led_on_to_an_operator(they: str) -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        water = await given_water_line(stage)
        await water.when_rung(they)
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "7", then="tone")
        call = await stage.until_at("pair", "citizen", "operator", within=35)
        assert await way(stage, call.call_id) == ["notice", "water", "sorry", "person"]
        assert water.times_rung == 1
        span = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator)
        assert hears(city.citizen, span) == {"operator"}


async def test_no_controller_is_needed_and_the_call_is_told_of_afterwards() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        city = stage.city
        water = await given_water_line(stage)
        await water.when_rung("answer")
        await dial_and_press(city.citizen, "7", then="tone")
        await water.until_talking(within=25)
        span = await pass_of(4.0)  # their announcement takes 2.5 s of it
        await city.citizen.hang_up()
        await water.until_hung_up()
        assert hears(water, (span[1] - 0.8, span[1])) == {"citizen"}
        await stage.start_controller()
        await stage.until_call(lambda seen: seen.row.stage == "ended")
        assert set(await stage.tracks()) == {"citizen", "liaison"}


async def test_a_number_that_may_not_be_dialled_is_refused_before_it_is_in_force() -> None:
    async with given_stage(notice="whole") as stage:
        with pytest.raises(FlowBroken) as refused:
            await apply_file(
                stage.installation, written(stage, WATER.replace('"6201"', '"0085212345678"'))
            )
        assert ":6: water: 0085212345678 is not among the numbers" in str(refused.value)
