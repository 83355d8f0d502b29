"""Phones added by the command line sign in and take calls while another call goes on."""

import asyncio
import os
import re
import sys

from hotline.run import environment_of
from hotline.settings import ROOT
from simulator.carrier import Line
from simulator.city import City
from telephony.asterisk.ports import free_port
from telephony.asterisk.render import DeskPhone
from tests.e2e.scenes import given_bridged_call, hears, pass_of
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.trunks.scenes import given_carrier

PHONES = "127.0.0.7"


async def hotline(stage: Stage, *words: str) -> tuple[int, str]:
    """The program itself, as somebody types it: exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline", *words, cwd=ROOT,
        env={**os.environ, **environment_of(stage.settings), "COLUMNS": "140"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def added(stage: Stage, extension: str, *options: str) -> DeskPhone:
    code, said = await hotline(stage, "phone", "add", extension, *options)
    assert code == 0, said
    assert "█" in said, "the QR code"
    found = re.search(r"password:\s+(\S+)", said)
    assert found is not None
    return DeskPhone(extension, found[1])


async def registered(stage: Stage, extension: str, within: float = 60) -> None:
    async def there() -> bool:
        return f"{extension}/sip" in await stage.pbx.command("pjsip show contacts")

    await until(there, within, f"{extension} registered")


async def test_a_phone_added_while_others_talk() -> None:
    async with given_stage() as stage:
        call = await given_bridged_call(stage)
        start, _ = await pass_of(0.3)
        phone = await added(stage, "1009", "--name", "新座位")
        async with given_carrier(stage, PHONES, phones=[phone]) as place:
            await registered(stage, "1009")
            newcomer = City(place).person("1009", "operator")
            await newcomer.when_rung("answer")
            await stage.sign_in("1009")
            await stage.city.second_citizen.dial()
            await stage.until_call(
                lambda seen: seen.at("pair") == {"citizen", "operator"}, number=1
            )
            _, end = await pass_of(1.0)
            for person in (newcomer, stage.city.operator, stage.city.citizen):
                await stage.until_heard(person, end)
            assert hears(newcomer, (end - 0.9, end)) == {"citizen"}
            # The call that was there lost not a tenth of a second.
            assert hears(stage.city.operator, (start, end)) == {"citizen"}
            assert hears(stage.city.citizen, (start, end)) == {"operator"}
            assert (await stage.call()).call_id == call.call_id

            code, said = await hotline(stage, "phone", "list")
            assert code == 0
            assert re.search(r"1009\s+新座位\s+phone add\s+127\.0\.1\.7", said), said
            assert phone.secret not in said

            # Taken away: its call goes on to its end, and nobody signs in with it again.
            code, said = await hotline(stage, "phone", "remove", "1009")
            assert code == 0, said
            assert newcomer.is_talking
            assert "Unable to find" in await stage.pbx.command("pjsip show endpoint 1009")


async def test_an_encrypted_phone() -> None:
    async with given_stage(sip_tls_port=free_port("127.0.0.1")) as stage:
        phone = await added(stage, "1010", "--tls")
        line = Line(transport="tls", srtp=True)
        async with given_carrier(stage, PHONES, line=line, phones=[phone]) as place:
            await registered(stage, "1010")
            operator = City(place).person("1010", "operator")
            await operator.when_rung("answer")
            await stage.sign_in("1010")
            await stage.city.citizen.dial()
            await stage.until_at("pair", "citizen", "operator")
            span = await pass_of(1.0)
            await stage.until_heard(operator, span[1])
            assert hears(operator, span) == {"citizen"}
            assert operator.line()["Media"] == "1"


async def test_what_cannot_be_added_is_said() -> None:
    async with given_stage(controller="none") as stage:
        for words, why in (
            (("add", "12a"), "2-8 digits"),
            (("add", "1001"), "setting phones"),
            (("add", "1011", "--tls"), "sip_tls_port"),
            (("remove", "1001"), "setting phones"),
            (("remove", "7777"), "no such phone"),
            (("secret", "7777"), "no such phone"),
        ):
            code, said = await hotline(stage, "phone", *words)
            assert (code, why in said, "Traceback" in said) == (1, True, False), said

        # A new password, and the old one is of no use any more.
        [old] = [p.secret for p in stage.installation.phones if p.extension == "1002"]
        code, said = await hotline(stage, "phone", "secret", "1002", "--new", "--no-qr")
        assert code == 0, said
        assert old not in said
        shown = await stage.pbx.command("pjsip show auth 1002")
        assert old not in shown
