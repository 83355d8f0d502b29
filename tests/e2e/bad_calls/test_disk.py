"""Not one byte is left on the disk: people talk on, callers are answered, and it mends itself."""

import asyncio
import sqlite3
import tempfile
from pathlib import Path

import pytest

from tests.e2e.bad_calls.scenes import (
    asterisk_log,
    nothing_is_left,
    start_controller_alone,
)
from tests.e2e.bad_calls.small_disk import small_disk
from tests.e2e.scenes import given_bridged_call, hears, pass_of
from tests.e2e.stage import given_stage


async def test_a_full_disk_drops_nobody_and_is_told_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    the disk  | the pair         | a new caller          | the controller
    full      | talk on          | answered, led on      | ends, is started again in vain
    has room  | hang up          | hangs up              | catches up, seals, tells the gaps
    """
    base = Path(tempfile.mkdtemp(prefix="hotline-test-"))
    with small_disk(base / "data", megabytes=64) as disk:
        monkeypatch.setattr("tests.e2e.stage.tempfile.mkdtemp", lambda prefix: str(base))
        async with given_stage(controller="none") as stage, stage.desk():
            monkeypatch.undo()
            city = stage.city
            await start_controller_alone(stage)
            await given_bridged_call(stage)
            begun, _ = await pass_of(0.5)
            await asyncio.to_thread(disk.fill)
            await city.second_citizen.dial()
            await city.second_citizen.until_talking()
            _, ended = await pass_of(3.0)
            assert city.citizen.is_talking and city.operator.is_talking
            assert city.second_citizen.is_talking
            assert "No space left on device" in asterisk_log(stage)

            await asyncio.to_thread(disk.free)
            if stage.process is not None and stage.process.returncode is not None:
                await start_controller_alone(stage)  # as the supervisor does
            for citizen in (city.citizen, city.second_citizen):
                await citizen.hang_up()
                await citizen.until_hung_up()
            await nothing_is_left(stage, within=40)
            assert hears(city.citizen, (begun, ended)) == {"operator"}
            assert len(await stage.calls()) == 2
            assert len(await stage.until_tickets(2, within=40)) == 2
            told = {(row.call_id, row.data["role"]) for row in await stage.facts("recording_gap")}
            assert told, "what is not in the recordings is told"
            for file in ("hotline.sqlite", f"journal-{stage.settings.node}.sqlite"):
                assert await asyncio.to_thread(whole, stage.settings.data_dir / file)


def whole(path: Path) -> bool:
    with sqlite3.connect(path) as database:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))
