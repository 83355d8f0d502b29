"""Two carriers. Whoever the first cannot ring is rung by the second; nobody is rung twice."""

import re

import pytest

from simulator.carrier import CARRIER_ADDRESS
from simulator.city import City
from telephony.asterisk.ports import free_port
from tests.e2e.scenes import accept, connect, given_bridged_call
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.trunks.scenes import given_carrier, two_trunks, until_state


async def rings(stage: Stage) -> list[tuple[int, str]]:
    """Every INVITE that left: rung, trunk."""
    return [(row.data["rung"], row.data["trunk"]) for row in await stage.facts("rung_rung")]


async def changes(stage: Stage) -> list[str]:
    """What was told of the second trunk's state, in order."""
    rows = await stage.facts("trunk_changed")
    return [row.data["state"] for row in rows if row.data["trunk"] == "second"]


async def test_refused_by_the_first_trunk_and_rung_by_the_second() -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        call = await given_bridged_call(stage)
        await until_state(stage, first="up", second="up")
        await first.liaison.when_rung("congested")
        await second.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await accept(second.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")

        assert await rings(stage) == [(0, "first"), (0, "second")]
        assert (first.liaison.times_rung, second.liaison.times_rung) == (1, 1)
        [row] = await stage.facts("rung_not_reached")
        assert row.data["why"] == "refused"
        assert [r["outcome"] for r in (await stage.call()).connects[0].rungs] == [
            "joined", None, None,
        ]  # fmt: skip


@pytest.mark.parametrize("does", ["ring_then_503", "progress_then_480", "busy", "unavailable"])
async def test_a_telephone_that_may_have_rung_is_not_rung_again(does: str) -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        call = await given_bridged_call(stage)
        await first.liaison.when_rung(does)
        await first.deputy.when_rung("answer")
        await second.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await accept(first.deputy)
        await stage.until_at("room", "citizen", "operator", "liaison")

        assert await rings(stage) == [(0, "first"), (1, "first")]
        assert (first.liaison.times_rung, second.liaison.times_rung) == (1, 0)


async def test_a_trunk_that_is_down_is_left_out_and_comes_back() -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        call = await given_bridged_call(stage)
        await until_state(stage, first="up", second="up")
        seen = len(await until(lambda: changes(stage)))  # once that it is up has been told
        await other.node.stop()
        await until_state(stage, second="down")
        await first.liaison.when_rung("congested")
        await first.deputy.when_rung("answer")
        await connect(stage, call, "market")
        await accept(first.deputy)  # the second trunk is down: the rung is over, the ladder climbs
        await stage.until_at("room", "citizen", "operator", "liaison")
        assert await rings(stage) == [(0, "first"), (1, "first")]
        assert second.liaison.times_rung == 0

        other.node.start()
        await until_state(stage, second="up")

        async def told() -> bool:
            return (await changes(stage))[seen:] == ["down", "up"]

        await until(told, 20, "both changes told")


async def test_the_first_trunk_dead_from_the_start() -> None:
    """Nobody answers OPTIONS on the first trunk: the ladder goes by the second at once."""
    places = two_trunks()
    places["trunks"][1]["order"] = 3  # the carrier of the stage second; the other one first
    async with given_stage(**places) as stage:
        call = await given_bridged_call(stage)
        await until_state(stage, first="up", second="down")
        await stage.city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await accept(stage.city.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")
        assert await rings(stage) == [(0, "first")]
        await until(lambda: stage.city.liaison.times_rung == 1)


async def test_a_question_is_given_up_before_the_next_is_asked() -> None:
    """Or the end of one that nobody answered would come after the answer to a newer one, and a
    trunk that is there would count as down."""
    port = free_port(CARRIER_ADDRESS)
    trunks = [
        {"name": f"each{n}", "host": CARRIER_ADDRESS, "port": port, "options_seconds": n}
        for n in (1, 2, 10)
    ]
    async with given_stage(
        controller="none", trunk_port=port, trunks=trunks, phone_keepalive_seconds=5
    ) as stage:
        for name in ("each1", "each2", "each10", "1001"):
            shown = await stage.pbx.command(f"pjsip show aor {name}")
            asked = dict(re.findall(r"qualify_(\w+) +: ([0-9.]+)", shown))
            assert 0 < float(asked["timeout"]) < float(asked["frequency"]), name
