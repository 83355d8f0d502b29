"""The clock is stepped by an hour in the middle of a call: forward, and back."""

import asyncio
from pathlib import Path

import pytest

from simulator.ears import who_is_heard
from tests.e2e.bad_calls.scenes import nothing_is_left, start_controller_alone
from tests.e2e.scenes import accept, connect, everybody_leaves, given_bridged_call, hears, pass_of
from tests.e2e.stage import given_stage

LIBRARY = "/usr/$LIB/faketime/libfaketimeMT.so.1"


@pytest.mark.parametrize("step", ["+3600", "-3600"])
async def test_a_controller_whose_clock_jumps_an_hour_skips_no_ring_and_loses_nothing(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    event                            | ladder                      | recording, ticket
    the liaison's phone rings        | rung                        |
    the controller's clock jumps     | rings on, its time not cut  | Asterisk's own clock
    the liaison answers, presses 1   | joins                       | offsets within the call
    everybody leaves                 |                             | sealed, one ticket, at once
    """
    clock = tmp_path / "clock"
    await asyncio.to_thread(clock.write_text, "+0")
    async with given_stage(controller="none") as stage, stage.desk():
        monkeypatch.setenv("LD_PRELOAD", LIBRARY)
        monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(clock))
        monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
        monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        monkeypatch.setenv("DONT_FAKE_MONOTONIC", "1")
        await start_controller_alone(stage)
        for name in ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE"):
            monkeypatch.delenv(name)
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer", after_seconds=3)
        await connect(stage, call, "market")
        await city.liaison.until_rung()
        await asyncio.to_thread(clock.write_text, step)
        await accept(city.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 0)
        span = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        assert hears(city.citizen, span) == {"operator", "liaison"}

        [joined] = await stage.facts("connect_joined")
        true = (await stage.call()).row.started_at
        assert abs((joined.at - true).total_seconds()) > 3000, "the step has reached the controller"
        _, manifest = await stage.sealed()
        assert all(0 <= track.offset_ms < 60_000 for track in manifest.tracks)
        assert manifest.seconds < 60
        assert who_is_heard((await stage.tracks())["liaison"], *span) == {"liaison"}
        [ticket] = await stage.until_tickets(1)
        assert ticket.call_id == call.call_id
        await nothing_is_left(stage)
