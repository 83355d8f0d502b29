"""A machine that stood still is seen, and which losses fell into such a moment."""

import asyncio
import signal
import sys
from pathlib import Path

import psutil

from tests.e2e.stage import until
from tests.soak.counting import Standstills, standstills
from tests.soak.lines import Lines
from tests.soak.standstill import LATE_SECONDS, watched


async def test_who_looks_sees_that_they_did_not_run(tmp_path: Path) -> None:
    """Stopped for longer than a nap, as the whole machine would be."""
    lines = Lines(tmp_path)
    async with watched(tmp_path):
        await until(lambda: lines.read("standstills"), 20, "that it looks")
        [child] = [
            process
            for process in psutil.Process().children()
            if process.cmdline()[1:3] == ["-m", "tests.soak.standstill"]
        ]
        assert child.cmdline()[0] == sys.executable
        child.send_signal(signal.SIGSTOP)
        # The passing of time itself is what is wanted.
        await asyncio.sleep(4 * LATE_SECONDS)
        child.send_signal(signal.SIGCONT)
        await until(lambda: len(lines.read("standstills")) > 1, 10, "what it saw")
    assert lines.read("standstills")[1]["seconds"] >= 3 * LATE_SECONDS


def test_losses_of_calls_that_were_up_then_are_counted(tmp_path: Path) -> None:
    lines = Lines(tmp_path)
    assert standstills(lines) is None, "nobody looked"
    lost, whole = {"missing": [(105.0, 0.2)]}, {"missing": []}
    for number, (begins, ends) in enumerate([(100.0, 110.0), (200.0, None), (300.0, 310.0)]):
        lines.write("calls", number=number, dialled=begins, over=ends)
        lines.write("judged", number=number, legs=[lost, whole])
    for at, seconds in [(90.0, 0.0), (109.9, 0.3), (214.0, 0.2), (400.0, 0.1)]:
        lines.write("standstills", at=at, seconds=seconds)
    assert standstills(lines) == Standstills(times=3, worst=0.3, legs=2, of_legs=3)
