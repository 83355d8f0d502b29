"""Sound in every codec and under encryption: tones both ways, and in the sealed tracks."""

import re
from typing import Any

import pytest

from simulator.carrier import Line
from simulator.city import City
from simulator.ears import who_is_heard
from simulator.person import Person
from telephony.asterisk.ports import free_port
from tests.e2e.scenes import hears, pass_of
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.trunks.scenes import given_carrier, two_trunks, until_state


async def talk(stage: Stage, citizen: Person, operator: Person) -> None:
    """They hear each other, and the recording has each alone on a track."""
    await citizen.dial()
    await stage.until_at("pair", "citizen", "operator")
    span = await pass_of(1.5)
    for person in (citizen, operator):
        await stage.until_heard(person, span[1])
    assert hears(citizen, span) == {"operator"}
    assert hears(operator, span) == {"citizen"}
    await citizen.hang_up()
    await operator.until_hung_up()
    await stage.until_call(lambda call: call.row.stage == "ended")
    tracks = await stage.tracks()
    assert {role: who_is_heard(track, *span) for role, track in tracks.items()} == {
        "citizen": {"citizen"}, "operator": {"operator"},
    }  # fmt: skip


@pytest.mark.parametrize("codec", ["alaw", "ulaw", "g722", "opus"])
async def test_tones_both_ways_in(codec: str) -> None:
    places = two_trunks(codecs=[codec])
    line = Line(codecs=(codec,))
    async with given_stage(**places) as stage, given_carrier(stage, line=line) as carrier:
        await stage.city.operator.when_rung("answer")
        await stage.sign_in("1001")
        city = City(carrier)
        await talk(stage, city.citizen, stage.city.operator)
        assert codec in city.citizen.line()["Codec"]


async def test_no_codec_in_common_is_refused_with_488() -> None:
    places = two_trunks(codecs=["alaw"])
    line = Line(codecs=("g722",))
    async with given_stage(**places) as stage, given_carrier(stage, line=line) as carrier:
        answers: list[str] = []
        carrier.listen(
            lambda event: (
                answers.append(event.get("Cause-txt"))
                if event.name == "Hangup" and event.get("Cause") == "58"
                else None
            )
        )
        city = City(carrier)
        await city.citizen.dial()
        await until(lambda: answers, 15, "refused: bearer capability not available")
        assert not city.citizen.is_talking
        assert await stage.calls() == []


def tls(**second: Any) -> dict[str, Any]:
    return {
        "sip_tls_port": free_port("127.0.0.1"),
        **two_trunks(transport="tls", srtp=True, **second),
    }


async def test_a_trunk_over_tls_and_srtp_in_and_out() -> None:
    line = Line(transport="tls", srtp=True)
    async with given_stage(**tls()) as stage, given_carrier(stage, line=line) as carrier:
        city = City(carrier)
        await stage.city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await until_state(stage, second="up")
        await talk(stage, city.citizen, stage.city.operator)
        assert city.citizen.line()["Signalling"] == "1"
        assert city.citizen.line()["Media"] == "1"

        # … and out: a liaison reached over the encrypted trunk.
        await city.second_citizen.dial()
        call = await stage.until_call(
            lambda seen: seen.at("pair") == {"citizen", "operator"}, number=1
        )
        await stage.city.liaison.when_rung("congested")
        await city.liaison.when_rung("answer")
        await stage.ask(call.call_id, kind="connect", unit_id="market")
        await city.liaison.until_talking()
        await city.liaison.press("1")
        await stage.until_call(
            lambda seen: seen.at("room") == {"citizen", "operator", "liaison"}, number=1
        )
        span = await pass_of(1.0)
        await stage.until_heard(city.liaison, span[1])
        assert hears(city.liaison, span) == {"citizen", "operator"}
        assert city.liaison.line()["Media"] == "1"


async def test_sound_in_the_clear_is_refused_where_srtp_is_asked_for() -> None:
    line = Line(transport="tls", srtp=False)
    async with given_stage(**tls()) as stage, given_carrier(stage, line=line) as carrier:
        refused: list[str] = []
        carrier.listen(
            lambda event: refused.append(event.get("Cause")) if event.name == "Hangup" else None
        )
        await City(carrier).citizen.dial()
        await until(lambda: refused, 15, "refused")
        assert await stage.calls() == []


async def test_the_certificate_is_ours_and_its_key_is_nobodys() -> None:
    async with given_stage(controller="none", sip_tls_port=free_port("127.0.0.1")) as stage:
        key = stage.installation.folder.etc / "tls" / "key.pem"
        assert re.match("-----BEGIN PRIVATE KEY", key.read_text())
        assert key.stat().st_mode & 0o77 == 0
        shown = await stage.pbx.command("pjsip show transports")
        assert "transport-tls" in shown
