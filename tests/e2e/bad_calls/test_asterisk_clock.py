"""Asterisk's own clock is stepped by an hour in the middle of a call: forward, and back."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hotline.alarms.words import ALARM_OF_FACT
from simulator.ears import who_is_heard
from tests.e2e.bad_calls.scenes import nothing_is_left
from tests.e2e.scenes import accept, connect, everybody_leaves, given_bridged_call, hears, pass_of
from tests.e2e.stage import Stage, given_stage, until

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class Clock:
    """Of one Asterisk: `step("+3600")`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def step(self, by: str) -> None:
        # As a whole: a half-written file would be another time.
        def write() -> None:
            part = self._file.with_suffix(".part")
            part.write_text(f"{by}\n")
            part.chmod(0o644)
            part.rename(self._file)

        await asyncio.to_thread(write)


@asynccontextmanager
async def given_stage_with_a_clock() -> AsyncIterator[tuple[Stage, Clock]]:
    """A stage whose Asterisk, and nothing else, reads the time from a file."""
    async with given_stage(controller="none") as stage, stage.desk():
        await stage.pbx.stop()
        folder = stage.installation.folder
        clock = Clock(folder.run / "clock")
        await clock.step("+0")
        shutil.copyfile(LIBRARY, folder.run / "faketime.so")
        for path in (folder.run / "faketime.so", folder.run / "clock"):
            shutil.chown(path, *folder.program.user)
        run = f"{folder.inside}/run"
        faked = {
            "LD_PRELOAD": f"{run}/faketime.so", "FAKETIME_TIMESTAMP_FILE": f"{run}/clock",
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            for name, value in faked.items():
                patch.setenv(name, value)
            stage.pbx.start()
        await stage.pbx.ready()
        maps = Path(f"/proc/{stage.pbx.pid}/maps")
        assert "faketime" in await asyncio.to_thread(maps.read_text)
        assert "LD_PRELOAD" not in os.environ
        await stage.city.phones_registered(stage.pbx, len(stage.settings.phones), within=30)
        await stage.start_controller()
        yield stage, clock


@pytest.mark.parametrize("step", ["+3600", "-3600"])
async def test_tracks_lie_where_they_were_spoken_though_asterisks_clock_was_stepped(
    step: str,
) -> None:
    """
    event                            | Asterisk's stamps | recording
    citizen and operator talk        | right             | two tracks
    Asterisk's clock jumps an hour   | an hour off       | both go on
    the liaison answers, presses 1   | an hour off       | third track, seconds later
    everybody leaves                 | an hour off       | every second there, no gap
    """
    async with given_stage_with_a_clock() as (stage, clock):
        city = stage.city
        call = await given_bridged_call(stage)
        first = await pass_of(1.5)
        await clock.step(step)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await accept(city.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")
        second = await pass_of(1.5)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        assert hears(city.citizen, first) == {"operator"}
        assert hears(city.citizen, second) == {"operator", "liaison"}

        _, manifest = await stage.sealed()
        assert {track.role for track in manifest.tracks} == {"citizen", "operator", "liaison"}
        assert all(0 <= track.offset_ms < 90_000 for track in manifest.tracks), manifest.tracks
        assert manifest.seconds < 90
        assert manifest.gaps == []
        [told] = manifest.clock_steps
        assert told.role == "liaison"
        assert abs(told.step_ms - int(step) * 1000) < 2000
        # On one clock: what was said in a span lies there on every track.
        tracks = await stage.tracks()
        assert who_is_heard(tracks["liaison"], second[0], second[1] - 0.5) == {"liaison"}
        for role in ("citizen", "operator"):
            assert who_is_heard(tracks[role], first[0], second[1] - 0.5) == {role}

        [fact] = await stage.facts("clock_stepped")
        assert fact.call_id == call.call_id
        assert abs(fact.data["seconds"] - int(step)) < 2
        assert ALARM_OF_FACT["clock_stepped"]
        [ticket] = await stage.until_tickets(1)
        assert "时钟被拨动" in ticket.transcript_note
        assert not ticket.has_gap
        await nothing_is_left(stage)


@pytest.mark.parametrize("step", ["+3600", "-3600"])
async def test_who_waits_while_asterisks_clock_is_stepped_reaches_a_person_or_a_message(
    step: str,
) -> None:
    """Forward, it is a long wait, and the queue's time is up. Back, the operator is rung on."""
    async with given_stage_with_a_clock() as (stage, clock):
        city = stage.city
        await city.operator.when_rung("answer", after_seconds=8)
        await stage.sign_in("1001")
        await city.citizen.dial()
        await stage.until_at("queue", "citizen", within=30)
        await city.operator.until_rung()
        await clock.step(step)
        if step.startswith("+"):
            await stage.until_at("message", "citizen", within=60)
        else:
            await stage.until_at("pair", "citizen", "operator", within=60)
        assert city.citizen.is_talking
        await city.citizen.hang_up()
        await stage.until_call(lambda call: call.row.stage == "ended")
        _, manifest = await stage.sealed()
        assert manifest.gaps == []
        assert manifest.seconds < 120
        await until(lambda: not city.citizen.is_talking)
        await stage.until_tickets(1)
