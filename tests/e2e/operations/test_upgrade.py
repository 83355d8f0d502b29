"""The whole program is replaced in the middle of a three-way call, and nobody hears it."""

import asyncio
import os
import socket
import sys

import httpx
import pytest

from hotline.run import environment_of
from hotline.settings import ROOT, Settings
from simulator.ears import longest_gap, who_is_heard
from store.base import new_id, now
from telephony import facts as f
from telephony.asterisk.ports import free_port
from telephony.tables import Command
from tests.e2e.scenes import accept, connect, ear, everybody_leaves, given_three_way_call, hears
from tests.e2e.scenes import pass_of as a_while
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.test_supervisor import PARTS, is_well, pid_of
from tests.speech import korean_model

# Stories with a whole service keep a processor busy: one of them at a time.
pytestmark = pytest.mark.xdist_group("service")


async def up(settings: Settings, *words: str) -> asyncio.subprocess.Process:
    with (settings.data_dir / "up.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hotline", "up", *words, cwd=ROOT, stdout=log, stderr=log,
            env={**os.environ, **environment_of(settings)},
        )  # fmt: skip


@pytest.mark.timeout(600)  # every part loads twice, on a busy machine
async def test_an_upgrade_in_a_three_way_call() -> None:
    """
    moment                 | citizen hears       | state
    before                 | operator, liaison   | room of three
    `up --take-over`       | the same, no gap    | every part a new process
    afterwards             | the same            | the same room; a fourth can be connected
    """
    api_port = free_port("127.0.0.1", socket.SOCK_STREAM)
    async with given_stage(controller="none", api_port=api_port, model_dir=korean_model()) as stage:
        settings, city = stage.settings, stage.city
        first = await up(settings)
        second: asyncio.subprocess.Process | None = None
        try:
            await until(lambda: is_well(settings), 120, "every part well", look=0.25)
            asterisk = stage.pbx.pid
            call = await given_three_way_call(stage)
            command_id = await given_command_in_doubt(stage)
            start, _ = await a_while(0.5)
            before = {part: pid_of(settings, part) for part in PARTS}

            second = await up(settings, "--take-over")
            assert await asyncio.wait_for(first.wait(), 120) == 0
            await until(
                lambda: all(pid_of(settings, part) not in (None, before[part]) for part in PARTS),
                150, "each part replaced",
            )  # fmt: skip
            await until(lambda: is_well(settings), 120, "every part well again", look=0.25)
            assert stage.pbx.pid == asterisk
            assert (await stage.call()).at("room") == {"citizen", "operator", "liaison"}

            doubt = await until(lambda: answered(stage, command_id), 30, "the one in doubt")
            assert (doubt.state, doubt.reason) == ("unknown", "controller_replaced")

            await city.petition_officer.when_rung("answer")
            await connect(stage, call, "petition")
            await accept(city.petition_officer)
            await stage.until_at("room", "citizen", "operator", "liaison", "petition")
            four = await a_while(1.0)
            _, end = four
            await a_while(0.5)  # over a minute a busy machine's ear falls behind
            people = (city.citizen, city.operator, city.liaison, city.petition_officer)
            await everybody_leaves(stage, *people)

            assert hears(city.citizen, four) == {"operator", "liaison", "petition"}
            for who in ("operator", "liaison"):
                assert longest_gap(ear(city.citizen), who, start, end) <= 0.2
            assert longest_gap(ear(city.operator), "citizen", start, end) <= 0.2
            tracks = await stage.tracks()
            assert who_is_heard(tracks["citizen"], start, end) == {"citizen"}
            tickets = await stage.until_tickets(1, within=60)
            assert len(tickets) == 1
            started = await stage.facts("controller_started")
            assert started[-1].data["calls"] == 1 and started[-1].data["ended"] == 0
            await until(
                lambda: "asterisk_settings_taken_up" in (settings.data_dir / "up.log").read_text(),
                30, "the new files, once it is quiet",
            )  # fmt: skip
        finally:
            for process in (first, second):
                if process is not None and process.returncode is None:
                    process.terminate()
                    await asyncio.wait_for(process.wait(), 120)
    assert second is not None and second.returncode == 0


async def given_command_in_doubt(stage: Stage) -> str:
    """One that a controller took and never answered: its row says `doing`."""
    command_id = new_id()
    async with stage.database.transaction() as session:
        session.add(
            Command(
                command_id=command_id, idempotency_key=command_id, node=stage.settings.node,
                call_id=None, kind="pause", body={"kind": "pause"}, asked_by="test",
                asked_at=now(), state="doing", changed_at=now(),
            )
        )  # fmt: skip
    return command_id


async def answered(stage: Stage, command_id: str) -> Command | None:
    async with stage.database.reading() as session:
        command = await session.get_one(Command, command_id)
    return command if command.state != "doing" else None


@pytest.mark.timeout(600)  # every part loads twice, on a busy machine
async def test_an_up_that_keeps_asterisk_leaves_calls_alone() -> None:
    """`up --keep-asterisk`, as a service manager restarts it: SIGTERM, then a new one."""
    api_port = free_port("127.0.0.1", socket.SOCK_STREAM)
    async with given_stage(controller="none", api_port=api_port, model_dir=korean_model()) as stage:
        settings, city = stage.settings, stage.city
        process = await up(settings, "--keep-asterisk")
        try:
            await until(lambda: is_well(settings), 120, "every part well", look=0.25)
            await given_three_way_call(stage)
            start, _ = await a_while(0.3)
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 120) == 0
            assert [part for part in PARTS if pid_of(settings, part)] == []
            async with httpx.AsyncClient(trust_env=False) as client:
                try:
                    await client.get(f"http://127.0.0.1:{api_port}/healthz")
                except httpx.TransportError:
                    gone = True
                else:
                    gone = False
            assert gone
            process = await up(settings, "--keep-asterisk")
            await until(lambda: is_well(settings), 120, "every part well again", look=0.25)
            assert (await stage.call()).at("room") == {"citizen", "operator", "liaison"}
            _, end = await a_while(0.5)
            await a_while(0.5)  # over a minute a busy machine's ear falls behind
            await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
            assert longest_gap(ear(city.citizen), "operator", start, end) <= 0.2
            [ended] = await stage.facts(f.CallEnded.kind)
            assert ended.data["line_broke"] is False
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 120)
