"""The hotline with no Python alive: answered, told, recorded, logged, queued or a message taken."""

import asyncio
import stat
from pathlib import Path

import numpy as np

from recording.spool import is_closed
from simulator.ears import Sound, who_is_heard
from tests.e2e.scenes import hears, pass_of
from tests.e2e.stage import Stage, given_stage, until


async def test_a_call_is_answered_recorded_logged_and_joined_with_an_operator() -> None:
    async with given_stage(notice="whole") as stage:
        await stage.sign_in("1001")
        await stage.stop_controller()  # operators stay signed in: Asterisk remembers them
        city = stage.city
        await city.operator.when_rung("answer")
        await city.citizen.dial()
        await city.operator.until_talking()
        span = await pass_of(2.0)
        await city.citizen.hang_up()
        await city.operator.until_hung_up()
        log = stage.installation.folder.cel_file
        await until(lambda: all(map(is_closed, spool_tracks(stage))), 10, "tracks closed")

        assert hears(city.citizen, span) == {"operator"}
        assert hears(city.operator, span) == {"citizen"}
        tracks = spool_tracks(stage)
        assert {path.name.partition("~")[0] for path in tracks} == {"citizen", "operator"}
        for path in tracks:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        [citizen] = [path for path in tracks if path.name.startswith("citizen")]
        assert who_is_heard(spool_sound(citizen), *span) == {"citizen"}
        assert '"QUEUED"' in log.read_text("utf-8")


async def test_with_no_operator_a_message_is_taken() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        city = stage.city
        await city.citizen.dial()
        await city.citizen.until_talking()
        log = stage.installation.folder.cel_file
        await until(lambda: '"MESSAGE_STARTED"' in log.read_text("utf-8"), 25, "message")
        span = await pass_of(1.0)
        await city.citizen.hang_up()
        await until(lambda: all(map(is_closed, spool_tracks(stage))), 10, "the track closed")
        [track] = spool_tracks(stage)
        assert who_is_heard(spool_sound(track), *span) == {"citizen"}


async def test_a_number_that_is_not_ours_is_refused() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        await stage.city.citizen.dial("059412399")
        log = stage.installation.folder.cel_file
        await until(lambda: log.exists() and '"HANGUP"' in log.read_text("utf-8"), 10)
        assert '"ANSWER"' not in log.read_text("utf-8")
        assert stage.city.citizen.heard() == []


async def test_asterisk_is_not_root_and_its_folders_are_closed() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        pid = stage.pbx.pid
        uids = await asyncio.to_thread(uids_of, pid)
        assert set(uids) == {str(stage.installation.folder.program.user[0])}
        assert "0" not in uids
        assert stat.S_IMODE(stage.installation.folder.etc.stat().st_mode) == 0o700
        manager = stage.installation.folder.etc / "manager.conf"
        assert stat.S_IMODE(manager.stat().st_mode) == 0o600


def uids_of(pid: int | None) -> list[str]:
    """Real, effective, saved and file system user of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))


def spool_tracks(stage: Stage) -> list[Path]:
    return sorted(stage.installation.folder.recordings.glob("*/*.wav"))


def spool_sound(path: Path) -> Sound:
    started = int(path.name.split("~")[1])
    samples = np.frombuffer(path.read_bytes()[44:], dtype="<i2")
    return Sound(samples, 8000, started / 1000)
