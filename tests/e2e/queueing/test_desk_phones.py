"""Codes dialled at a desk phone: they work with no controller, which learns of them afterwards."""

import asyncio

import pytest

from simulator.person import Person
from tests.e2e.queueing.seen import heard_prompt, members, operator
from tests.e2e.scenes import ear
from tests.e2e.stage import Stage, given_stage, until


async def dial(person: Person, code: str) -> None:
    """Dial a code at one's own phone, and hear what it says to the end."""
    await person.begins("silent")
    await person.dial(code, via=f"phone-{person.number}")
    await person.until_talking()
    await person.until_hung_up()


async def until_state(stage: Stage, state: str, reason: str | None = None) -> None:
    async def so() -> bool:
        row = await operator(stage, "1001")
        return row is not None and (row.state, row.pause_reason) == (state, reason)

    await until(so, 15, f"operator 1001 {state} {reason}")


@pytest.mark.parametrize("controller", ["inside", "none"])
async def test_sign_in_pause_resume_and_sign_out_by_code(controller: str) -> None:
    async with given_stage(controller=controller) as stage:
        desk = stage.city.operator
        await dial(desk, "*14")
        assert heard_prompt(ear(desk), "desk_not_signed_in") > 0.8
        await dial(desk, "*11")
        assert heard_prompt(ear(desk), "desk_signed_in") > 0.8
        assert set(await members(stage, "hotline")) == {"1001"}
        await dial(desk, "*132")
        assert heard_prompt(ear(desk), "desk_paused") > 0.8
        assert "paused" in (await members(stage, "hotline"))["1001"]
        if controller == "none":
            await stage.start_controller()
        await until_state(stage, "paused", "用餐")
        await dial(desk, "*14")
        await until_state(stage, "ready")
        assert "paused" not in (await members(stage, "hotline"))["1001"]
        await dial(desk, "*139")
        assert heard_prompt(ear(desk), "desk_wrong_code") > 0.8
        await dial(desk, "*12")
        await until_state(stage, "out")
        assert await members(stage, "hotline") == {}


async def test_skills_are_queues_and_a_code_knows_them() -> None:
    """A screen sets what the operator can do; the phone remembers it without us."""
    async with given_stage() as stage:
        desk = stage.city.operator
        await stage.sign_in("1001")
        skilled = await stage.ask(
            None, kind="set_skills", operator_id="op-1001", extension="1001", skills=["petition"]
        )
        assert skilled.state == "done", skilled.reason
        assert set(await members(stage, "skill_petition")) == {"1001"}
        assert set(await members(stage, "hotline")) == {"1001"}
        await stage.stop_controller()
        await dial(desk, "*12")
        assert await members(stage, "skill_petition") == {}
        await dial(desk, "*11")
        assert set(await members(stage, "skill_petition")) == {"1001"}
        await stage.start_controller()

        async def known() -> bool:
            row = await operator(stage, "1001")
            return row is not None and (row.operator_id, row.state) == ("op-1001", "ready")

        await until(known, 15, "the same operator, signed in")
        row = await operator(stage, "1001")
        assert row is not None
        assert row.skills == ["petition"]
        guide = await stage.ask(
            None, kind="set_skills", operator_id="op-1001", extension="1001", skills=["guide"]
        )
        assert guide.state == "done"
        assert set(await members(stage, "guides")) == {"1001"}
        assert await members(stage, "hotline") == {}


async def test_a_petition_is_offered_to_who_knows_petitions() -> None:
    """Key 2 in the flow; the operator without the skill signed in first and is free as well."""
    async with given_stage() as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await city.second_operator.when_rung("answer")
        await stage.sign_in("1001")
        skilled = await stage.ask(
            None, kind="sign_in", operator_id="op-1002", extension="1002", skills=["petition"]
        )
        assert skilled.state == "done"
        await city.citizen.dial()
        await city.citizen.press("2")
        call = await stage.until_call(lambda c: c.at("pair") == {"citizen", "operator"}, 30)
        assert call.leg("operator").number == "1002"
        [queued] = await stage.facts("call_queued")
        assert queued.data["queue"] == "skill_petition"


async def test_after_a_call_there_is_time_and_a_code_ends_it() -> None:
    async with given_stage(after_call_seconds=300) as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await city.citizen.dial()
        await stage.until_at("pair", "citizen", "operator")
        await city.citizen.hang_up()
        await city.operator.until_hung_up()
        await city.second_citizen.dial()
        await stage.until_call(lambda c: c.at("queue") == {"citizen"}, number=1)
        rung = city.operator.times_rung
        await asyncio.sleep(3)  # the time after a call itself is what is wanted
        assert city.operator.times_rung == rung
        await dial(city.operator, "*15")
        await stage.until_call(
            lambda c: c.at("pair") == {"citizen", "operator"}, 20, number=1, what="answered"
        )
        assert city.operator.times_rung == rung + 1
