"""Who waits, in which order, what they hear, and where they go when nobody comes."""

import pytest

from simulator.person import Person
from tests.e2e.queueing.seen import heard_prompt, ringbacks, until_hears, until_ringbacks, waiting
from tests.e2e.scenes import ear
from tests.e2e.stage import Stage, given_stage, until


async def given_busy_operator(stage: Stage) -> Person:
    """The only operator talks with somebody; returns that somebody."""
    somebody = stage.city.person("13800000009", "citizen")
    await stage.city.operator.when_rung("answer")
    await stage.sign_in("1001")
    await somebody.dial()
    await stage.until_at("pair", "citizen", "operator")
    return somebody


async def until_waiting(stage: Stage, *priorities: str, queue: str = "hotline") -> None:
    async def so() -> bool:
        return await waiting(stage, queue) == list(priorities)

    await until(so, 20, f"{priorities} wait in {queue}, first in line first")


async def test_who_called_before_goes_first_and_the_others_hear_their_place() -> None:
    """
    time | event                        | who
    0    | talks with the only operator | somebody
    6    | waits, gives up              | first citizen
    12   | waits                        | second citizen    hears "place 2" later on
    20   | calls again                  | first citizen     goes before the second
    27   | hangs up                     | somebody          the first citizen is answered
    """
    async with given_stage(announce_seconds=5) as stage:
        city = stage.city
        somebody = await given_busy_operator(stage)
        await city.citizen.dial()
        await until_waiting(stage, "0")
        await city.citizen.hang_up()
        await until_waiting(stage)
        await city.second_citizen.dial()
        await until_waiting(stage, "0")
        await city.citizen.dial()
        await until_waiting(stage, "10", "0")

        await until_hears(city.second_citizen, "queue_place", within=40)
        await until_hears(city.second_citizen, "digit_2")

        await somebody.hang_up()
        await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, number=3, what="the first one"
        )
        seen = await stage.call(3)
        assert (seen.row.caller_number, seen.row.priority) == ("13800000001", 10)
        await until_waiting(stage, "0")


async def test_an_emergency_goes_before_who_waited_longer() -> None:
    """Key 1 in the greeting says that it is one."""
    async with given_stage() as stage:
        city = stage.city
        somebody = await given_busy_operator(stage)
        await city.second_citizen.dial()
        await until_waiting(stage, "0")
        await city.citizen.dial()
        await city.citizen.press("1")
        await until_waiting(stage, "20", "0")
        await somebody.hang_up()
        call = await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, 20, number=2, what="first"
        )
        assert (call.row.caller_number, call.row.priority) == ("13800000001", 20)


async def test_when_no_operator_comes_a_guide_does_and_then_a_message_is_taken() -> None:
    async with given_stage(queue_seconds=5, guide_seconds=6) as stage:
        city = stage.city
        await city.operator.when_rung("no_answer")
        await city.second_operator.when_rung("answer")
        await stage.sign_in("1001")
        guide = await stage.ask(
            None, kind="sign_in", operator_id="guide", extension="1002", skills=["guide"]
        )
        assert guide.state == "done"
        await city.citizen.dial()
        call = await stage.until_at("pair", "citizen", "operator")
        assert call.leg("operator").number == "1002"
        await city.citizen.hang_up()
        await city.second_operator.until_hung_up()

        await city.second_operator.when_rung("no_answer")
        await city.citizen.dial()
        await stage.until_call(lambda c: c.at("message") == {"citizen"}, 40, number=1)
        queues = [row.data["queue"] for row in await stage.facts("call_queued")]
        assert queues == ["hotline", "guides", "hotline", "guides"]
        await city.citizen.hang_up()
        [row] = await until_ringbacks(stage, 1)
        assert row.reasons == ["message"]


@pytest.mark.parametrize("controller", ["inside", "none"])
async def test_more_calls_than_lines_hear_one_sentence_and_are_rung_back(controller: str) -> None:
    """Five call, three lines: two are turned away, one of them in an emergency."""
    async with given_stage(max_calls=3, controller=controller) as stage:
        if controller == "none":
            await stage.pbx.command("queue add member PJSIP/1001 to hotline")
        else:
            await stage.city.operator.when_rung("no_answer")
            await stage.sign_in("1001")
        citizens = [stage.city.person(f"1380000010{n}", "citizen") for n in range(5)]
        for citizen in citizens[:3]:
            await citizen.dial()
            await citizen.until_talking()
        await until_waiting(stage, "0", "0", "0")
        turned_away = citizens[3:]
        for citizen in turned_away:
            await citizen.begins("silent")
            await citizen.dial()
        await turned_away[0].until_talking()
        await turned_away[0].press("1", then="silent")
        for citizen in turned_away:
            await citizen.until_hung_up()
        assert heard_prompt(ear(turned_away[1]), "full_house") > 0.8
        await until_waiting(stage, "0", "0", "0")
        if controller == "none":
            await stage.start_controller()

        rows = await until_ringbacks(stage, 2)
        told = {(row.number, row.reasons[0], row.priority) for row in rows}
        assert told == {("13800000103", "overload", 20), ("13800000104", "overload", 0)}
        calls = await stage.calls()
        assert [call.row.turned_away for call in calls] == [False, False, False, True, True]
        # A line that is free again is used again.
        await citizens[0].hang_up()
        await until_waiting(stage, "0", "0")
        await citizens[0].dial()
        await until_waiting(stage, "10", "0", "0")


async def test_hung_up_to_be_rung_back_is_still_before_who_came_later() -> None:
    """
    time | event                               | who
    0    | talks with the only operator        | somebody
    6    | waits, presses 1, and 1 again       | first citizen    hears thanks, hangs up
    8    | waits                               | second citizen
    20   | hangs up                            | somebody
    20   | is rung for the first citizen       | operator         the second goes on waiting
    24   | is rung, answers                    | first citizen    both talk
    """
    async with given_stage() as stage:
        city = stage.city
        somebody = await given_busy_operator(stage)
        await city.citizen.begins("silent")
        await city.citizen.dial()
        await until_waiting(stage, "0")
        await city.second_citizen.dial()
        await until_waiting(stage, "0", "0")
        await city.citizen.press("1", then="silent")
        await until_hears(city.citizen, "call_back_confirm")
        await city.citizen.press("1", then="silent")
        await city.citizen.until_hung_up(within=20)
        [row] = await until_ringbacks(stage, 1)
        assert (row.reasons, row.keeps_place, row.number) == (["call_back"], True, "13800000001")
        waits = await stage.call(1)
        assert row.queued_at == waits.row.queued_at

        await city.citizen.begins("tone")
        await city.citizen.when_rung("answer")
        await somebody.hang_up()
        call = await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, 30, number=3, what="both talk"
        )
        assert (call.row.direction, call.row.caller_number) == ("out", "13800000001")
        await until_waiting(stage, "0")
        await city.citizen.hang_up()
        await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, 30, number=2, what="then they"
        )
        [row] = await until_ringbacks(stage, 1, "closed")
        assert row.how == "rung_back"


async def test_who_thinks_better_of_it_goes_back_to_their_place() -> None:
    async with given_stage() as stage:
        city = stage.city
        await given_busy_operator(stage)
        await city.citizen.begins("silent")
        await city.citizen.dial()
        await until_waiting(stage, "0")
        first = (await stage.call(1)).leg("citizen").channel
        await city.second_citizen.dial()
        await until_waiting(stage, "0", "0")
        await city.citizen.press("1", then="silent")
        await until_waiting(stage, "0")
        await city.citizen.press("2", then="silent")
        await until_waiting(stage, "0", "0")
        listed = await stage.pbx.command("queue show hotline")
        assert f"1. {first}" in listed, listed
        assert await ringbacks(stage) == []
