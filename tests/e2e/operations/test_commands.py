"""The commands of whoever runs it, as processes of their own, beside a running `hotline up`."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from sqlalchemy import select

from hotline.flows import FLOWS
from hotline.owed.ledger import TICKET, owe
from hotline.owed.tables import OwedWork
from hotline.run import environment_of
from hotline.settings import ROOT, Settings
from simulator.ears import amplitude, heard_file
from simulator.person import Person
from telephony.asterisk.ports import free_port
from tests.e2e.ivr.scenes import dial_and_press, in_flow, written
from tests.e2e.ivr.test_prompts import at
from tests.e2e.ivr.test_versions import no_channels
from tests.e2e.operations.test_upgrade import up
from tests.e2e.scenes import everybody_leaves, given_bridged_call, pass_of
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.test_supervisor import is_well
from tests.integration.operations.program import hotline
from tests.integration.operations.test_alarms import given_receiver
from tests.speech import korean_model

# A process for every command keeps a processor busy: one of these stories at a time.
pytestmark = pytest.mark.xdist_group("busy")

SMALL = """\
flow: small
start: hello
nodes:
  hello: {kind: keys, say: [greeting], keys: {5: five}, next: person}
  five: {kind: message}
  person: {kind: queue}
"""


@asynccontextmanager
async def given_service(tmp_path: Path) -> AsyncIterator[Stage]:
    """`hotline up` with a data folder and ports of its own, and the city around it."""
    api_port = free_port("127.0.0.1", socket.SOCK_STREAM)
    async with given_stage(
        controller="none", api_port=api_port, models=tmp_path / "models",
        model_dir=korean_model(),
    ) as stage:  # fmt: skip
        program = await up(stage.settings)
        try:
            await until(lambda: is_well(stage.settings), 120, "every part well", look=0.25)
            yield stage
        finally:
            if program.returncode is None:
                program.terminate()
            await asyncio.wait_for(program.wait(), 60)


async def done(settings: Settings, *words: str) -> str:
    """A command that must succeed; what it said."""
    said = await hotline(settings, *words)
    assert said.code == 0, said.out + said.error
    assert "Traceback" not in said.error
    return said.out


async def refused(settings: Settings, *words: str) -> str:
    """A command that must not; it says why in a few lines and is no accident."""
    said = await hotline(settings, *words)
    assert said.code == 1, said.out + said.error
    assert "Traceback" not in said.error + said.out
    assert 0 < len(said.error.splitlines()) < 8
    return said.error


@pytest.mark.timeout(420)  # every part loads, on a busy machine
async def test_flows_and_prompts_beside_a_running_service(tmp_path: Path) -> None:
    """
    command               | then
    ivr apply             | the next caller is led by it, a fact says who did it
    prompts replace       | the next caller hears it
    prompts record        | a code for *16; what was spoken is the prompt
    """
    async with given_service(tmp_path) as stage:
        settings, city = stage.settings, stage.city
        await flows(stage)

        # Another voice: what was the hotline's greeting is now a tone of 700 Hz.
        tone = tmp_path / "tone.wav"
        # As a city's studio would give it: another rate, two channels.
        await asyncio.to_thread(sine, tone, 700, 44_100)
        told = await done(settings, "prompts", "replace", "greeting", str(tone))
        assert "greeting (zh), 2.0 s" in told
        assert "本市 own" in line_of(await done(settings, "prompts", "list"), "greeting")
        await city.second_citizen.begins("silent")
        await city.second_citizen.dial()
        await until(lambda: hears_tone(city.second_citizen, 700), 20, "the new greeting")
        replaced = await in_flow(stage, "prompt_replaced", prompt="greeting", how="file")
        assert replaced.data["by"].startswith("cli:")
        await city.second_citizen.hang_up()
        await until(lambda: no_channels(stage), 10, "no channel but those to come")
        await spoken(stage)


async def flows(stage: Stage) -> None:
    settings, city = stage.settings, stage.city
    small = str(written(stage, SMALL))
    assert "small, 3 nodes" in await done(settings, "ivr", "check", small)
    drawn = await done(settings, "ivr", "draw", small)
    assert drawn.startswith("flowchart TD") and "n_five" in drawn
    picture = settings.data_dir / "small.md"
    await done(settings, "ivr", "draw", small, "--out", str(picture))
    assert picture.read_text("utf-8").startswith("```mermaid\nflowchart")
    compiled = await done(settings, "ivr", "compile", small)
    assert "[flow-small-" in compiled and "exten => five,1," in compiled
    before = await done(settings, "ivr", "status")
    assert before.startswith("putian-")

    applied = await done(settings, "ivr", "apply", small)
    [version] = re.findall(r"in force: (small-[0-9a-f]{8})", applied)
    assert (await done(settings, "ivr", "status")).startswith(version)
    fact = await in_flow(stage, "flow_applied", flow=version)
    assert fact.data["by"].startswith("cli:")
    await dial_and_press(city.citizen, "5")
    entered = await in_flow(stage, "flow_node_entered", node="five")
    assert entered.data["flow"] == version

    broken = settings.data_dir / "broken.yaml"
    broken.write_text(SMALL.replace("next: person", "next: nobody"), "utf-8")
    for word in ("check", "draw", "compile", "apply"):
        assert f"{broken}:4: " in await refused(settings, "ivr", word, str(broken))
    assert (await done(settings, "ivr", "status")).startswith(version)
    assert "No such file" in await refused(settings, "ivr", "apply", "/nowhere.yaml")
    await city.citizen.hang_up()


def sine(file: Path, hertz: int, rate: int) -> None:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate)
    soundfile.write(file, np.column_stack([wave, wave]), rate)


def hears_tone(person: Person, hertz: int) -> bool:
    """In some whole second of what they have heard so far."""
    files = person.heard()
    heard = heard_file(files[-1]) if files else None
    return heard is not None and any(
        amplitude(heard.samples[start : start + heard.rate], hertz, heard.rate) > 5000
        for start in range(0, len(heard.samples) - heard.rate, heard.rate // 4)
    )


def line_of(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(word))


async def spoken(stage: Stage) -> None:
    """`prompts record goodbye`, and somebody at a desk phone who speaks 660 Hz."""
    settings, operator = stage.settings, stage.city.operator
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "hotline", "prompts", "record", "goodbye", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment_of(settings)},
    )  # fmt: skip
    assert command.stdout is not None
    async with asyncio.timeout(60):
        while not (found := re.search(rb"code: (\d{6})", await command.stdout.readline())):
            assert command.returncode is None
    await operator.begins("silent")
    await operator.dial("*16", via=f"phone-{operator.number}")
    await operator.until_talking()
    await at(stage, "Read")
    await operator.press(found[1].decode(), then="silent")
    await at(stage, "Record")
    await operator.speak_tone()
    await pass_of(1.0)
    await operator.press("#", then="silent")
    await at(stage, "Read")
    await operator.press("1", then="silent")
    async with asyncio.timeout(60):
        out, error = await command.communicate()
    assert command.returncode == 0, error.decode()
    assert "goodbye (zh)" in out.decode()
    kept = stage.installation.own_sounds / "zh" / "goodbye.wav"
    samples, rate = soundfile.read(kept, dtype="int16")
    assert amplitude(samples[len(samples) // 3 : len(samples) // 2], 660, rate) > 5000
    await in_flow(stage, "prompt_replaced", prompt="goodbye", how="phone")
    for wrong in (("nosuch", str(kept)), ("goodbye", "/nowhere.wav"), ("goodbye", str(FLOWS))):
        await refused(settings, "prompts", "replace", *wrong)
    await refused(settings, "prompts", "record", "nosuch")


@pytest.mark.timeout(420)
async def test_lines_phones_work_and_alarms_beside_a_running_service(tmp_path: Path) -> None:
    async with given_service(tmp_path) as stage:
        await lines_and_phones(stage)
        await owed_work(stage)
        await alarms(stage)
        token = (await done(stage.settings, "metrics", "token")).strip()
        url = f"http://127.0.0.1:{stage.settings.api_port}/metrics"
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            assert (await client.get(url)).status_code == 401
            let_in = await client.get(url, headers={"Authorization": f"Bearer {token}"})
        assert let_in.status_code == 200 and "hotline_calls_started_total" in let_in.text
        await no_model(stage.settings, tmp_path)


async def lines_and_phones(stage: Stage) -> None:
    settings, city = stage.settings, stage.city

    async def trunk_answers() -> bool:
        return "up" in line_of_list(await done(settings, "trunk", "list"), "trunk")

    await until(trunk_answers, 30, "the trunk answers")
    assert "no such trunk" in await refused(settings, "trunk", "password", "other")
    # This carrier knows us by our address; one that asks for a password: tests/e2e/trunks.
    assert "has no user" in await refused(settings, "trunk", "password", "trunk")

    shown = await done(settings, "phones")
    for phone in stage.installation.phones:
        assert f"{phone.extension}  {phone.secret}" in shown
    added = await done(settings, "phone", "add", "1777", "--name", "三楼", "--no-qr")
    [secret] = re.findall(r"password:\s+(\S+)", added)
    assert "1777/1777" in (await stage.pbx.command("pjsip show endpoint 1777"))
    assert f"1777  {secret}" in await done(settings, "phones")
    assert "三楼" in line_of_list(await done(settings, "phone", "list"), "1777")
    for wrong in ("1777", "1001", "abc", "1", "123456789"):
        await refused(settings, "phone", "add", wrong)
    # Nobody on a call noticed: the city's own phones are still registered, and calls go on.
    await given_bridged_call(stage)
    await everybody_leaves(stage, city.citizen, city.operator)
    await done(settings, "phone", "remove", "1777")
    assert "Unable to find" in await stage.pbx.command("pjsip show endpoint 1777")


def line_of_list(text: str, word: str) -> str:
    return next((line for line in text.splitlines() if word in line.split()), "")


async def owed_work(stage: Stage) -> None:
    settings = stage.settings
    [ticket] = await stage.until_tickets(1, within=90)
    async with stage.database.transaction() as session:
        await owe(session, ticket.call_id, TICKET, again=True)
        row = await session.scalar(select(OwedWork).where(OwedWork.stage == TICKET))
        assert row is not None
        row.state, row.last_error = "dead", "OSError: the disk"
    assert "OSError: the disk" in await done(settings, "owed", "list")
    assert "name a call" in await refused(settings, "owed", "retry")
    assert "no dead work" in await refused(settings, "owed", "retry", "pbx-9")
    await done(settings, "owed", "retry", ticket.call_id)

    async def is_done() -> bool:
        return "dead" not in await done(settings, "owed", "list")

    await until(is_done, 60, "the work done by the running desk worker")


async def alarms(stage: Stage) -> None:
    settings = stage.settings
    assert "no address" in await refused(settings, "alarm", "test")
    assert "no address" in await refused(settings, "alarm", "add", "nonsense")
    with given_receiver() as receiver:
        assert "json" in await done(settings, "alarm", "add", receiver.url)
        assert "reached: json" in await done(settings, "alarm", "test")
        assert receiver.titles("test alarm") != []
    assert "not reached" in await refused(settings, "alarm", "test")
    assert "no alarms" in await done(settings, "alarm", "list")


async def no_model(settings: Settings, folder: Path) -> None:
    bad = folder / "model.zip"
    await asyncio.to_thread(bad.write_bytes, b"PK\x03\x04 and then nothing")
    assert "not a zip" in await refused(settings, "model", "add", str(bad))
    assert "is not a file" in await refused(settings, "model", "add", str(folder / "none.zip"))
    assert not list((settings.models / "added").glob("*"))


async def test_what_a_sentence_speaks_for() -> None:
    """No service, no data folder: the city's word list alone."""
    settings = Settings()
    said = await done(settings, "suggest", "楼下工地半夜施工噪音太大,睡不着")
    assert "类别 / category: 生态环境／噪声" in said and "噪音 +6" in said
    assert "承办单位 / unit: 城市管理局" in said
    wrong = await refused(settings, "suggest", "口罩", "--words", "/nowhere.yaml")
    assert "/nowhere.yaml" in wrong
