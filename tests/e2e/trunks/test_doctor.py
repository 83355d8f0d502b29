"""The doctor: each thing is broken in a real installation, and named with what to do."""

import asyncio
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from hotline.doctor.checks import CHECKS, examine, is_well
from hotline.doctor.findings import Finding, Level, Patient
from hotline.installation import Installation
from telephony.asterisk.ports import free_port
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.trunks.test_phones import hotline


async def look(stage: Stage, check: str, **changed: Any) -> list[Finding]:
    """What one check says now, perhaps with other settings; fresh eyes each time."""
    settings = stage.settings.model_copy(update=changed)
    seen = await examine(Patient(Installation(settings)), call=True, only=check)
    return [one.finding for one in seen]


async def is_wrong(stage: Stage, check: str, *words: str, **changed: Any) -> None:
    found = await look(stage, check, **changed)
    told = " | ".join(f"{f.level} {f.zh} {f.en} → {f.do_zh} {f.do_en}" for f in found)
    bad = [f for f in found if f.level is Level.WRONG]
    assert bad, f"{check} is not named: {told}"
    assert all(f.do_zh and f.do_en for f in bad), "what to do is said in both languages"
    for word in words:
        assert word in told, told


async def is_fine(stage: Stage, *checks: str, **changed: Any) -> None:
    for check in checks:
        found = await look(stage, check, **changed)
        assert all(f.level is not Level.WRONG for f in found), f"{check}: {found}"


@pytest.mark.timeout(240)
async def test_asterisk_and_its_files() -> None:
    async with given_stage(controller="none") as stage:
        folder = stage.installation.folder
        await until(lambda: _is_up(stage), 30, "the trunk answers")
        await is_fine(
            stage, "asterisk", "disk", "permissions", "clock", "running", "modules", "transports",
            "prompts", "manager", "trunks", "codecs", "phones", "certificate", "database", "call",
        )  # fmt: skip

        await stage.pbx.command("module unload codec_g722.so")
        await is_wrong(stage, "modules", "codec_g722")
        await is_wrong(stage, "codecs", "g722")
        await stage.pbx.command("module load codec_g722.so")
        await is_fine(stage, "modules", "codecs")

        greeting = folder.sounds / "zh" / "greeting.wav"
        kept = greeting.read_bytes()
        greeting.unlink()
        await is_wrong(stage, "prompts", "greeting")
        await is_wrong(stage, "call", "silent or missing")
        greeting.write_bytes(kept)
        shutil.chown(greeting, *folder.program.user)
        await is_fine(stage, "prompts", "call")

        secrets = stage.settings.data_dir / "secrets.json"
        secrets.chmod(0o644)
        await is_wrong(stage, "permissions", "secrets.json", "chmod")
        secrets.chmod(0o600)
        os.chown(folder.spool, 0, 0)
        await is_wrong(stage, "permissions", "spool", "chown")
        shutil.chown(folder.spool, *folder.program.user)
        await is_fine(stage, "permissions")

        before = stage.installation.secrets.get("ami")
        stage.installation.secrets.keep("ami", "not-the-password")
        await is_wrong(stage, "manager", "password is refused")
        stage.installation.secrets.keep("ami", before)

        # Nobody reads the event file: no controller runs here.
        with folder.cel_file.open("ab") as file:
            file.write(b"\n" * 200_000)
        await is_wrong(stage, "events", "not read")

        await is_wrong(stage, "phones", "1555", phones=[*stage.settings.phones, "1555"])
        await is_wrong(stage, "transports", "transport-tls", sip_tls_port=5061)
        await is_wrong(stage, "address", "192.0.2.77", sip_address="192.0.2.77")
        await is_wrong(stage, "database", "away", database="postgresql://a:b@127.0.0.1:1/c")
        await is_wrong(
            stage, "certificate", "no-such.pem", sip_tls_port=5061, tls_cert=Path("/no-such.pem")
        )

        await stage.carrier.node.stop()
        await until(lambda: _is_down(stage), 40, "the trunk's silence noticed")
        await is_wrong(stage, "trunks", "does not answer OPTIONS", "firewall")

        await stage.pbx.stop()
        await is_wrong(stage, "running", "make run")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((stage.settings.sip_address, stage.settings.sip_port))
            await is_wrong(stage, "ports", "sip_port", str(stage.settings.sip_port))
        await is_fine(stage, "ports")


async def test_no_asterisk_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with given_stage(controller="none") as stage:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", str(tmp_path))  # a machine without an Asterisk of its own
            await is_wrong(stage, "asterisk", "make setup", rootfs=tmp_path)


async def test_the_service_and_its_last_recording() -> None:
    async with given_stage(api_port=free_port(kind=socket.SOCK_STREAM)) as stage:
        await stage.city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await stage.city.citizen.dial()
        await stage.until_at("pair", "citizen", "operator")
        await stage.city.citizen.hang_up()
        folder, manifest = await stage.sealed()
        await is_fine(stage, "events", "recording", "database")

        track = folder / manifest.tracks[0].file
        content = bytearray(track.read_bytes())
        content[-1] ^= 1
        track.chmod(0o600)
        track.write_bytes(content)
        await is_wrong(stage, "recording", "was changed", manifest.tracks[0].file)

        await is_wrong(stage, "parts", "transcriber", "never seen")
        await is_wrong(stage, "interface", "no answer")

        async def another(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi"
            )
            writer.close()

        server = await asyncio.start_server(another, "127.0.0.1", stage.settings.api_port)
        async with server:
            await is_wrong(stage, "interface", "another program", str(stage.settings.api_port))

        # The command itself: words, and a code that a script can use.
        code, said = await hotline(stage, "doctor", "--only", "recording")
        assert (code, "✗ 录音" in said, "→" in said) == (1, True, True), said
        code, said = await hotline(stage, "doctor", "--only", "manager")
        assert (code, "all well" in said) == (0, True), said
        code, said = await hotline(stage, "doctor", "--only", "nothing")
        assert (code, "trunks" in said, "Traceback" in said) == (2, True, False), said


async def test_a_check_that_fails_itself_hides_no_other() -> None:
    async with given_stage(controller="none") as stage:
        broken = Installation(stage.settings.model_copy(update={"data_dir": Path("/dev/null/x")}))
        seen = await examine(Patient(broken))
        assert {one.check.name for one in seen} == {c.name for c in CHECKS if not c.places_call}
        assert not is_well(seen)


async def _is_up(stage: Stage) -> bool:
    return " Avail " in await stage.pbx.command("pjsip show contacts")


async def _is_down(stage: Stage) -> bool:
    return " Unavail " in await stage.pbx.command("pjsip show contacts")
