"""Key 4: the leader on duty, where one is; nobody waits for a leader who is not there."""

from datetime import UTC, datetime, timedelta

import yaml

from casework.duty.roster import import_roster, read_roster
from hotline.settings import ROOT
from simulator.ears import HEARD
from tests.e2e.ivr.scenes import dial_and_press, in_flow, likeness, way
from tests.e2e.scenes import accept, everybody_leaves, hears, pass_of
from tests.e2e.stage import Stage, given_stage, until


async def put_roster(stage: Stage, *, leader: str) -> None:
    """`away`: the leader's only shift is on another day; `none`: the city has no such unit."""
    roster = yaml.safe_load((ROOT / "simulator/roster.yaml").read_text("utf-8"))
    mine = [shift for shift in roster["shifts"] if shift["unit"] == "leader"]
    if leader == "none":
        roster["units"] = [unit for unit in roster["units"] if unit["id"] != "leader"]
        roster["shifts"] = [shift for shift in roster["shifts"] if shift not in mine]
    in_three_days = datetime.now(UTC) + timedelta(days=3)
    for shift in mine:
        shift["every"] = [f"{in_three_days:%a}".lower()]
    async with stage.database.transaction() as session:
        text = yaml.safe_dump(roster, allow_unicode=True)
        await import_roster(session, read_roster(text), by="test")


async def test_with_a_shift_on_the_leader_is_rung_when_an_operator_answers() -> None:
    """
    what                     | who
    presses 4 in the notice  | citizen: "with the operator the leader is called in"
    answers                  | operator
    rung, shown 12345        | leader, whose 1 brings all three into a room
    """
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await city.leader.when_rung("answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "4", then="tone")
        await in_flow(stage, "flow_answered", question="on_duty", answer="yes")
        await in_flow(stage, "wish_stated", wish="leader", unit_id="leader")
        assert city.leader.times_rung == 0  # no operator yet
        await accept(city.leader)
        call = await stage.until_at("room", "citizen", "operator", "leader")
        assert city.leader.shown() == (stage.settings.number, "")
        span = await pass_of(2.0)
        await everybody_leaves(stage, city.operator, city.leader, city.citizen)
        assert hears(city.citizen, span) == {"operator", "liaison"}
        assert hears(city.leader, span) == {"operator", "citizen"}
        assert city.leader.times_rung == 1
        assert (await way(stage, call.call_id))[:4] == [
            "notice", "is_leader_there", "leader", "leader_said",
        ]  # fmt: skip


async def test_with_no_shift_the_caller_is_told_so_and_goes_on_to_an_operator() -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await put_roster(stage, leader="away")
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "4")
        await in_flow(stage, "flow_answered", question="on_duty", answer="no")
        call = await stage.until_at("pair", "citizen", "operator", within=25)
        assert await way(stage, call.call_id) == [
            "notice", "is_leader_there", "leader_away", "person",
        ]  # fmt: skip
        await until(lambda: likeness(city.citizen, "leader_away") > HEARD, 10, "told so")
        assert await stage.facts("wish_stated") == []
        assert city.leader.times_rung == 0


async def test_a_city_without_the_unit_says_that_no_leader_is_on_duty() -> None:
    async with given_stage(notice="whole") as stage:
        await put_roster(stage, leader="none")
        await dial_and_press(stage.city.citizen, "4")
        await in_flow(stage, "flow_answered", question="on_duty", answer="no")
        await in_flow(stage, "flow_node_entered", node="leader_away")


async def test_a_leader_who_does_not_answer_leaves_citizen_and_operator_talking() -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await city.leader.when_rung("no_answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "4", then="tone")
        await city.leader.until_rung(within=40)
        over = await in_flow(stage, "connect_over", how="exhausted")
        call = await stage.until_at("pair", "citizen", "operator")
        assert over.call_id == call.call_id
        span = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator)
        assert hears(city.citizen, span) == {"operator"}
        assert city.leader.times_rung == 1


async def test_nobody_is_left_with_a_leader_who_does_not_answer() -> None:
    """
    what                                       | citizen
    the operator hangs up while the leader     | waits for the leader
      is being rung                            |
    the leader does not answer                 | back in the queue, before who came meanwhile
    the operator is free again and answers     | talks with the operator
    """
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await city.leader.when_rung("no_answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "4", then="tone")
        await city.leader.until_rung(within=40)
        await city.operator.when_rung("no_answer")
        await city.operator.hang_up()
        await city.second_citizen.dial()
        await stage.until_call(lambda call: call.at("queue") == {"citizen"}, within=25, number=1)
        await stage.until_call(lambda call: call.at("queue") == {"citizen"}, within=40)

        async def first_in_line() -> bool:
            shown = await stage.pbx.command("queue show hotline")
            callers = [line for line in shown.splitlines() if "prio:" in line]
            return len(callers) == 2 and "prio: 15" in callers[0]

        await until(first_in_line, 10, "first in line")
        await city.operator.when_rung("answer")
        back = await stage.until_at("pair", "citizen", "operator", within=40)
        assert back.row.caller_number == city.citizen.number
        assert city.leader.times_rung == 1
