"""Calls come in by every trunk: by its address, or by the line we registered."""

import pytest

from simulator.carrier import Line
from simulator.city import City
from tests.e2e.scenes import ear, hears, pass_of
from tests.e2e.stage import given_stage, until
from tests.e2e.trunks.scenes import SECOND_ADDRESS, given_carrier, two_trunks, until_state
from tests.e2e.trunks.test_phones import hotline


async def test_calls_come_in_by_both_trunks_and_a_caller_is_one_string() -> None:
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        await first.operator.when_rung("answer")
        await first.second_operator.when_rung("answer")
        await stage.sign_in("1001", "1002")
        await first.citizen.dial()
        await stage.until_at("pair", "citizen", "operator")
        # The other carrier writes numbers in the international form.
        abroad = second.person("+8613800000001", "citizen")
        await abroad.dial()
        seen = await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, number=1
        )
        span = await pass_of(1.0)
        for person in (first.second_operator, abroad):
            await stage.until_heard(person, span[1])
        assert hears(first.second_operator, span) == {"citizen"}
        assert hears(abroad, span) == {"operator"}
        numbers = [call.row.caller_number for call in await stage.calls()]
        assert numbers == ["13800000001", "13800000001"]
        assert seen.leg("citizen").channel.startswith("PJSIP/second-")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_trunk_that_registers_takes_and_makes_calls(
    transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_TRUNK_PASSWORD_SECOND", "from-the-carrier")
    places = two_trunks(registers=True, user="hotline12345", transport=transport)
    line = Line(transport=transport, user="hotline12345", password="from-the-carrier")
    async with given_stage(**places) as stage, given_carrier(stage, line=line) as carrier:
        city = City(carrier)

        async def registered() -> bool:
            return "Registered" in await stage.pbx.command("pjsip show registrations")

        await until(registered, 30, "registered at the carrier")
        identify = await stage.pbx.command("pjsip show identifies")
        assert SECOND_ADDRESS not in identify, "it is known by its registration alone"
        await until_state(stage, second="up")

        await stage.city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await city.citizen.dial()
        call = await stage.until_at("pair", "citizen", "operator")
        assert call.leg("citizen").channel.startswith("PJSIP/second-")

        # The first trunk refuses: the ring goes out here, and the carrier asks for our password.
        await stage.city.liaison.when_rung("congested")
        await city.liaison.when_rung("answer")
        command = await stage.ask(call.call_id, kind="connect", unit_id="market")
        assert command.state == "done"
        await city.liaison.until_talking()
        await city.liaison.press("1")
        await stage.until_at("room", "citizen", "operator", "liaison")
        assert ear(city.liaison).rate == 8000


async def test_a_password_is_refused_and_told_then_put_right_without_a_restart() -> None:
    places = two_trunks(registers=True, user="hotline12345")
    line = Line(user="hotline12345", password="the-right-one")
    async with given_stage(**places) as stage, given_carrier(stage, line=line):
        assert stage.part is not None
        part = stage.part
        code, said = await hotline(stage, "trunk", "password", "second", "--password", "not-it")
        assert (code, "in force" in said) == (0, True), said
        # Looked at every ten seconds: it costs a process.
        await until(lambda: part.trunks.registered.get("second") == "Rejected", 60, "told")
        assert part.trunks.health()["second"] == "down"

        code, said = await hotline(
            stage, "trunk", "password", "second", "--password", "the-right-one"
        )
        assert code == 0, said

        async def listed() -> bool:
            return "Registered" in (await hotline(stage, "trunk", "list"))[1]

        await until(listed, 30, "registered")
        log = (stage.installation.folder.log / "messages").read_text()
        assert "not-it" not in log
        assert "the-right-one" not in log
        code, said = await hotline(stage, "trunk", "password", "third", "--password", "x")
        assert (code, "no such trunk" in said) == (1, True), said
