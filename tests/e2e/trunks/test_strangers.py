"""Who is neither a trunk nor a phone with its password gets nowhere, and is written down."""

import asyncio
import re

import pytest

from simulator.carrier import Carrier, Line
from simulator.city import City
from telephony.asterisk.render import DeskPhone
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.trunks.scenes import given_carrier

STRANGER = "127.0.0.4"


def security(stage: Stage) -> str:
    return (stage.installation.folder.log / "security").read_text(errors="replace")


async def ended(carrier: Carrier, number: str) -> str:
    """Dial from a carrier nobody knows, until that is over; the cause."""
    causes: list[str] = []
    over = asyncio.Event()

    def notice(event: object) -> None:
        if getattr(event, "name", "") == "Hangup":
            causes.append(event.get("Cause"))  # type: ignore[attr-defined]
            over.set()

    carrier.listen(notice)
    await City(carrier).citizen.dial(number)
    async with asyncio.timeout(20):
        await over.wait()
    return causes[0]


@pytest.mark.parametrize(
    ("calls_himself", "number"),
    [
        ("somebody", "12345"),  # our own number, from nowhere
        ("trunk", "12345"),  # by the name of the trunk
        ("1001", "12345"),  # by the name of a phone, without its password
        ("1001", "013800000009"),  # … to get out
        ("anonymous", "0085261234567"),
    ],
)
async def test_a_stranger_is_refused_and_written_down(calls_himself: str, number: str) -> None:
    async with given_stage() as stage:
        line = Line(from_user=calls_himself)
        async with given_carrier(stage, STRANGER, line=line) as stranger:
            assert await ended(stranger, number) == "21"  # 401, and no password to give
            assert not City(stranger).citizen.is_talking
        await until(lambda: STRANGER in security(stage), 10, "written down")
        assert re.search(
            rf'SecurityEvent="\w+".*RemoteAddress="IPV4/UDP/{STRANGER}', security(stage)
        )
        assert await stage.calls() == []
        assert stage.city.liaison.times_rung == 0


async def test_a_phone_with_a_wrong_password_does_not_sign_in() -> None:
    async with given_stage(controller="none") as stage:
        before = await stage.pbx.command("pjsip show contacts")
        wrong = [DeskPhone("1001", "not-its-password"), DeskPhone("8888", "no-such-phone")]
        async with given_carrier(stage, STRANGER, phones=wrong):
            failed = r'"ChallengeResponseFailed".*AccountID="{}".*RemoteAddress="IPV4/UDP/127.0.1.4'
            for account in ("1001", "<unknown>"):
                await until(lambda: re.search(failed.format(account), security(stage)), 15, account)  # noqa: B023
        after = await stage.pbx.command("pjsip show contacts")
        assert "127.0.1.4" not in after
        assert after.count("1001/sip") == before.count("1001/sip") == 1
        assert "not-its-password" not in security(stage)


async def test_a_trunk_may_not_dial_out() -> None:
    """Whatever a carrier sends us that is not our number ends, and rings nobody."""
    async with given_stage() as stage:
        for number in ("013800000009", "1001", "6101", "*11", "0085261234567"):
            assert await ended(stage.carrier, number) in ("1", "28", "3"), number
        assert stage.city.liaison.times_rung == 0
        assert stage.city.operator.times_rung == 0
        assert await stage.calls() == []
