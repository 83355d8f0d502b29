"""Ring-backs and a flow's transfers go by the next trunk under the ladder's own rule."""

import re
from pathlib import Path

import pytest

from hotline.flows import apply_file
from simulator.carrier import CARRIER_ADDRESS
from simulator.city import City
from simulator.person import Person
from telephony.asterisk.ports import free_port
from tests.e2e.scenes import hears, pass_of
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.trunks.scenes import given_carrier, two_trunks, until_state

FLOW = """\
flow: gives
start: hello
nodes:
  hello: {{kind: say, say: [notice], next: away}}
  away: {{kind: transfer, number: "{number}", ring_seconds: 6, next: nobody}}
  nobody: {{kind: message}}
"""


async def citizen_rings(stage: Stage) -> list[str]:
    """The trunk of every INVITE that was to ring the citizen."""
    return [row.data["trunk"] for row in await stage.facts("citizen_rung")]


async def test_a_ring_back_refused_by_the_first_trunk_is_rung_by_the_second() -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        await until_state(stage, first="up", second="up")
        await first.operator.when_rung("answer")
        await first.citizen.when_rung("congested")
        await second.citizen.when_rung("answer")
        asked = await stage.ask(None, kind="ring_back", number="13800000001", extension="1001")
        assert asked.state == "done", asked.reason
        call = await stage.until_at("pair", "citizen", "operator")
        span = await pass_of(1.5)
        await second.citizen.hang_up()
        await first.operator.until_hung_up()
        assert hears(first.operator, span) == {"citizen"}
        assert hears(second.citizen, span) == {"operator"}

        assert await citizen_rings(stage) == ["first", "second"]
        assert (first.citizen.times_rung, second.citizen.times_rung) == (1, 1)
        [row] = await stage.facts("citizen_not_reached")
        assert row.data["why"] == "refused"
        assert call.leg("citizen").leg_id == f"{call.call_id}.2"
        assert set(await stage.tracks()) == {"citizen", "operator"}


@pytest.mark.parametrize("does", ["ring_then_503", "progress_then_480", "busy", "unavailable"])
async def test_a_citizen_whose_telephone_may_have_rung_is_not_rung_again(does: str) -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        await until_state(stage, first="up", second="up")
        await first.operator.when_rung("answer")
        await first.citizen.when_rung(does)
        await second.citizen.when_rung("answer")
        await stage.ask(None, kind="ring_back", number="13800000001", extension="1001")
        await first.operator.until_talking()
        await first.operator.until_hung_up(30)  # having heard that nobody was reached
        await stage.until_call(lambda call: call.row.stage == "ended")
        assert await citizen_rings(stage) == ["first"]
        assert (first.citizen.times_rung, second.citizen.times_rung) == (1, 0)


async def test_a_ring_back_that_no_trunk_can_carry_is_told_to_the_operator() -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        await until_state(stage, first="up", second="up")
        await first.operator.when_rung("answer")
        for city in (first, second):
            await city.citizen.when_rung("congested")
        await stage.ask(None, kind="ring_back", number="13800000001", extension="1001")
        await first.operator.until_talking()
        await first.operator.until_hung_up(30)
        call = await stage.until_call(lambda call: call.row.stage == "ended")
        assert call.row.talked_at is None
        assert await citizen_rings(stage) == ["first", "second"]
        assert (first.citizen.times_rung, second.citizen.times_rung) == (1, 1)


async def test_a_ring_back_leaves_out_a_trunk_that_is_down() -> None:
    places = two_trunks()
    places["trunks"][1]["order"] = 3  # nobody answers on the first; the stage's carrier is second
    async with given_stage(**places) as stage:
        await until_state(stage, first="up", second="down")
        await stage.city.operator.when_rung("answer")
        await stage.city.citizen.when_rung("answer")
        await stage.ask(None, kind="ring_back", number="13800000001", extension="1001")
        await stage.until_at("pair", "citizen", "operator")
        assert await citizen_rings(stage) == ["first"]


async def given_away(stage: Stage, number: str = "6101") -> Person:
    """A citizen whom the flow gives to this number."""
    flow = stage.settings.data_dir / "gives.yaml"
    flow.write_text(FLOW.format(number=number), "utf-8")
    await apply_file(stage.installation, Path(flow))
    await stage.city.citizen.dial()
    await stage.city.citizen.until_talking()
    return stage.city.citizen


async def trunks_up(stage: Stage, count: int) -> None:
    """As Asterisk itself sees it, as no controller need be there; and as the controller does."""

    async def up() -> bool:
        return (await stage.pbx.command("pjsip show contacts")).count(" Avail ") >= count

    await until(up, 40, f"{count} trunks up")
    if stage.part is not None:  # which leaves out a trunk that it has seen down
        await until_state(stage, **{trunk.name: "up" for trunk in stage.settings.trunks})


async def two_are_joined(stage: Stage) -> bool:
    shown = await stage.pbx.command("bridge show all")
    return re.search(r"\s2 basic\s", shown) is not None


@pytest.mark.parametrize("controller", ["inside", "none"])
async def test_a_transfer_refused_by_the_first_trunk_goes_by_the_second(controller: str) -> None:
    places = two_trunks(numbers="e164", strip="+86", prefix="9")
    async with given_stage(controller=controller, **places) as stage, given_carrier(stage) as other:
        await trunks_up(stage, 2)
        # The second carrier wants numbers in another form, which the dialplan makes by itself.
        there = City(other).person("913900000009", "liaison")
        here = stage.city.person("13900000009", "liaison")
        await here.when_rung("congested")
        await there.when_rung("answer")
        citizen = await given_away(stage, "13900000009")
        await there.until_talking(20)
        # They hear first that it is a call and recorded.
        await until(lambda: two_are_joined(stage), 20, "the two joined")
        span = await pass_of(1.0)
        await citizen.hang_up()
        await there.until_hung_up()
        assert hears(citizen, span) == {"liaison"}
        assert hears(there, span) == {"citizen"}
        assert (here.times_rung, there.times_rung) == (1, 1)


@pytest.mark.parametrize("does", ["ring_then_503", "progress_then_480", "busy", "no_answer"])
async def test_a_transfer_that_may_have_rung_goes_on_in_the_flow(does: str) -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        await trunks_up(stage, 2)
        second = City(other)
        await stage.city.liaison.when_rung(does)
        await second.liaison.when_rung("answer")
        await given_away(stage)
        await stage.until_at("message", "citizen", within=30)
        assert (stage.city.liaison.times_rung, second.liaison.times_rung) == (1, 0)


async def test_a_transfer_leaves_out_a_trunk_that_is_down() -> None:
    places = two_trunks()
    places["trunks"][1]["order"] = 3
    async with given_stage(**places) as stage:
        await until_state(stage, first="up", second="down")
        await stage.city.liaison.when_rung("answer")
        await given_away(stage)
        await stage.city.liaison.until_talking(20)
        assert stage.city.liaison.times_rung == 1


FORMS = (
    {"numbers": "national"}, {"numbers": "e164"}, {"numbers": "national", "strip": "0594"},
    {"numbers": "national", "prefix": "9"}, {"numbers": "e164", "strip": "+", "prefix": "00"},
)  # fmt: skip
NUMBERS = ("13800000001", "+85261234567", "6101", "05942345678", "110")


async def test_a_transfer_dials_numbers_in_the_form_each_carrier_wants() -> None:
    """Five trunks that all refuse: each is sent what Python's own rule would send it."""
    port = free_port(CARRIER_ADDRESS)
    trunks = [
        {"name": f"form{n}", "host": CARRIER_ADDRESS, "port": port, "order": n, **form}
        for n, form in enumerate(FORMS, 1)
    ]
    allowed = [r"\+?[0-9]+"]
    async with given_stage(trunk_port=port, trunks=trunks, allowed_numbers=allowed) as stage:
        dialled: list[str] = []
        stage.carrier.listen(
            lambda event: (
                dialled.append(event.get("Number")) if event.get("UserEvent") == "Rung" else None
            )
        )
        await trunks_up(stage, len(FORMS))
        for number in NUMBERS:
            dialled.clear()
            wanted = [trunk.number(number) for trunk in stage.installation.trunks]
            for form in set(wanted):
                await stage.city.person(form, "liaison").when_rung("congested")
            citizen = await given_away(stage, number)
            await until(lambda: len(dialled) >= len(FORMS), 30, f"{wanted}, not {dialled}")
            assert dialled == wanted
            await citizen.hang_up()
            await citizen.until_hung_up()
