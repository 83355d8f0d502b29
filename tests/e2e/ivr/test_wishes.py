"""A unit asked for by key is rung as soon as an operator has answered: once, whatever happens."""

from sqlalchemy import select

from casework.duty.roster import import_roster, read_roster
from hotline.settings import ROOT
from telephony.ivr.tables import CallRating
from tests.e2e.ivr.scenes import dial_and_press, in_flow
from tests.e2e.scenes import accept
from tests.e2e.stage import Stage, given_stage, until


async def test_the_petition_office_is_rung_when_the_operator_answers() -> None:
    """
    what                  | who
    presses 2 in notice   | citizen
    answers               | operator
    rung at once          | petition officer (nobody pressed "connect")
    presses 1             | petition officer: three in a room
    """
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await city.petition_officer.when_rung("answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "2")
        await in_flow(stage, "wish_stated", wish="petition", unit_id="petition")
        assert city.petition_officer.times_rung == 0  # no operator yet
        await accept(city.petition_officer)
        await stage.until_at("room", "citizen", "operator", "petition")
        assert city.petition_officer.times_rung == 1
        [asked] = (await stage.call()).connects
        assert (asked.unit_id, asked.topic, asked.role) == ("petition", "petition", "petition")


async def test_a_controller_that_comes_back_rings_once_and_not_twice() -> None:
    """Killed before the operator answers; the next one fulfils the wish. Killed again: no more."""
    async with given_stage(notice="whole", controller="none") as stage:
        city = stage.city
        await stage.start_controller_process(wait=False)
        await until(lambda: stage.facts("controller_started"), 60, "the first controller")
        await city.petition_officer.when_rung("answer")
        await stage.sign_in("1001")  # whose phone rings on until told otherwise
        await city.operator.when_rung("answer", after_seconds=6)
        await dial_and_press(city.citizen, "2")
        await in_flow(stage, "wish_stated", wish="petition")
        await stage.kill_controller()
        await city.operator.until_talking(within=40)
        assert city.petition_officer.times_rung == 0
        await stage.start_controller_process(wait=False)
        await city.petition_officer.until_rung(within=45)
        await stage.kill_controller()
        await stage.start_controller_process(wait=False)
        await until(lambda: started(stage, 3), 60, "the third controller")
        # It knows the call, and what is said to it is carried out after it has looked at that.
        await stage.ask(None, kind="pause", operator_id="op-1001", extension="1001", reason="rest")
        assert city.petition_officer.times_rung == 1
        assert len(await stage.facts("connect_asked")) == 1
        assert [row.data["rung"] for row in await stage.facts("rung_rung")].count(0) == 1


async def started(stage: Stage, times: int) -> bool:
    return len(await stage.facts("controller_started")) >= times


async def test_an_emergency_goes_before_the_others_in_the_queue() -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        await city.citizen.dial()
        await stage.until_call(lambda call: call.at("queue") == {"citizen"}, within=25)
        await dial_and_press(city.second_citizen, "1")
        wish = await in_flow(stage, "wish_stated", wish="emergency", topic="epidemic")
        assert (wish.data["unit_id"], wish.data["priority"]) == (None, 20)
        await stage.until_call(lambda call: call.at("queue") == {"citizen"}, within=25, number=1)

        async def first_in_line() -> bool:
            shown = await stage.pbx.command("queue show hotline")
            callers = [line for line in shown.splitlines() if "prio:" in line]
            return len(callers) == 2 and "prio: 20" in callers[0]

        await until(first_in_line, 10, "the emergency first in line")


async def test_a_unit_that_nobody_can_be_rung_for_is_told_once() -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await put_roster_whose_officer_is_the_citizen(stage)
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "2")
        refused = await in_flow(stage, "wish_refused", unit_id="petition")
        assert refused.data["reason"] == "number_is_caller"
        # The two talk on, and it is not tried again at every tick.
        await stage.until_at("pair", "citizen", "operator")
        assert await stage.ask(refused.call_id, kind="connect", unit_id="market")
        assert len(await stage.facts("wish_refused")) == 1


async def put_roster_whose_officer_is_the_citizen(stage: Stage) -> None:
    text = (ROOT / "simulator/roster.yaml").read_text("utf-8")
    text = text.replace('"6301"', f'"{stage.city.citizen.number}"')
    async with stage.database.transaction() as session:
        await import_roster(session, read_roster(text), by="test")


async def test_the_citizen_rates_the_call_when_the_operator_has_left() -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await city.citizen.dial()
        call = await stage.until_at("pair", "citizen", "operator")
        await city.operator.hang_up()
        await in_flow(stage, "flow_node_entered", node="rating")
        await city.citizen.press("9", then="silent")  # no rating: asked once more
        await until(lambda: asked_again(stage), 15, "asked again")
        await city.citizen.press("4", then="silent")
        rated = await in_flow(stage, "call_rated", rating=4)
        assert (rated.call_id, rated.data["node"]) == (call.call_id, "rating")

        async def row() -> CallRating | None:
            async with stage.database.reading() as session:
                return await session.scalar(select(CallRating))

        found = await until(row, 10, "the row")
        assert (found.call_id, found.rating) == (call.call_id, 4)
        await city.citizen.until_hung_up(within=30)  # thanked, and said goodbye to


async def asked_again(stage: Stage) -> bool:
    """The citizen is in the second Read of the node."""
    shown = await stage.pbx.command("core show channels concise")
    return "!rating!6!Up!Read!" in shown
