"""Many callers at once: SIPp, with real RTP, on a processor core of its own."""

import asyncio
import csv
import resource
import shutil
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from simulator.carrier import CARRIER_ADDRESS
from simulator.city import TONES
from telephony.asterisk.ports import free_port, free_range
from tests.bench.cores import GENERATOR
from tests.e2e.stage import Stage

SCENARIO = Path(__file__).with_name("caller.xml")
TONE_SECONDS = 10
MANY_FILES = 16384


@dataclass
class Answers:
    """What a run of SIPp saw. `answered`: (epoch second of the INVITE, ms to the 200)."""

    answered: list[tuple[float, float]] = field(default_factory=list)
    made: int = 0
    failed: int = 0
    # (epoch second, failed so far): when it went wrong.
    failures: list[tuple[float, int]] = field(default_factory=list)


class Callers:
    """One run of SIPp: `async with Callers(…) as callers`, then `ended()` or `stop()`."""

    def __init__(
        self, stage: Stage, *, count: int, rate: int, hold: float, rise: int = 0, core: int,
        within: float,
    ) -> None:  # fmt: skip
        self._within = within
        self._folder = Path(tempfile.mkdtemp(prefix="hotline-sipp-"))
        first, _ = free_range(CARRIER_ADDRESS, 4 * min(count, 1000))
        settings = stage.settings
        self._control = (CARRIER_ADDRESS, free_port(CARRIER_ADDRESS))
        self._command = [
            "taskset", "-c", str(core), "chrt", "--rr", str(GENERATOR),
            "sipp", f"{settings.sip_address}:{settings.sip_port}", "-sf", str(SCENARIO),
            "-s", settings.number, "-i", CARRIER_ADDRESS, "-mi", CARRIER_ADDRESS,
            "-p", str(free_port(CARRIER_ADDRESS)), "-mp", str(first),
            "-ci", CARRIER_ADDRESS, "-cp", str(self._control[1]),
            "-m", str(count), "-l", str(min(count, 4000)), "-r", str(rate),
            "-d", str(round(hold * 1000)), "-nostdin", "-recv_timeout", "5000",
            "-timeout", f"{within:.0f}s", "-trace_rtt", "-rtt_freq", "1",
            "-trace_stat", "-fd", "1", "-stf", "stat.csv",
            "-trace_err", "-error_file", "errors",
        ]  # fmt: skip
        if rise:
            self._command += ["-rate_increase", str(rise), "-rate_max", "1000", "-no_rate_quit"]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Callers":
        lay_tone(self._folder / "tone.al")
        self._process = await asyncio.create_subprocess_exec(
            *self._command, cwd=self._folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=_allow_many_files,
        )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        shutil.rmtree(self._folder)

    def set_rate(self, rate: int) -> None:
        """From now on so many calls a second."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            control.sendto(f"cset rate {rate}".encode(), self._control)

    async def ended(self) -> Answers:
        """Wait until all calls are over."""
        assert self._process is not None
        async with asyncio.timeout(self._within + 20):
            await self._process.wait()
        return self.seen()

    async def stop(self) -> Answers:
        """Break off: a ramp that has shown what it should."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        return self.seen()

    def seen(self) -> Answers:
        """So far."""
        found = Answers()
        stat = self._folder / "stat.csv"
        began = 0.0
        for line in csv.DictReader(stat.open(), delimiter=";") if stat.exists() else ():
            found.made = int(line["OutgoingCall(C)"] or 0)
            found.failed = int(line["FailedCall(C)"] or 0)
            began = _epoch(line["StartTime"])
            found.failures.append((_epoch(line["CurrentTime"]), found.failed))
        for path in self._folder.glob("*_rtt.csv") if began else ():
            for row in list(csv.reader(path.open(), delimiter=";"))[1:]:
                if len(row) >= 2 and row[1]:
                    since_began, took = float(row[0]) / 1000, float(row[1])
                    found.answered.append((began + since_began - took / 1000, took))
        return found


def _epoch(words: str) -> float:
    """SIPp's `date<tab>time<tab>epoch seconds`."""
    return float(words.split("\t")[-1])


def lay_tone(path: Path) -> None:
    """The citizen's tone, as raw A-law."""
    moments = np.arange(TONE_SECONDS * 8000) / 8000
    tone = 0.25 * np.sin(2 * np.pi * TONES["citizen"] * moments)
    soundfile.write(path, tone, 8000, format="RAW", subtype="ALAW")


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(MANY_FILES, most), most))
