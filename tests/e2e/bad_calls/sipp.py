"""A foreign telephone: SIPp with a scenario of `sipp/`, bounded in count and in time."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from simulator.carrier import CARRIER_ADDRESS
from telephony.asterisk.ports import free_port
from tests.e2e.stage import Stage

SCENARIOS = Path(__file__).parent / "sipp"
# Nobody's address at the hotline: neither its trunk's nor a desk phone's.
STRANGER = "127.0.0.9"
# What became of all calls of a run, by SIPp's own exit code.
OUTCOMES = {0: "all as told", 1: "some failed", 97: "out of time", 253: "no free RTP port"}


@dataclass(frozen=True)
class Told:
    """How a run of SIPp ended, and what it said of what went wrong."""

    code: int
    errors: str
    port: int

    @property
    def as_told(self) -> bool:
        """Every call went exactly as the scenario says."""
        return self.code == 0

    def __str__(self) -> str:
        return f"{OUTCOMES.get(self.code, f'code {self.code}')}\n{self.errors[-1500:]}"


@asynccontextmanager
async def foreign_phone(
    stage: Stage, scenario: str, *, calls: int = 1, rate: int = 10, address: str = CARRIER_ADDRESS,
    called: str = "", lines: Sequence[bytes] = (), within: int = 20,
    words: Mapping[str, str] | None = None,
) -> AsyncIterator["asyncio.Task[Told]"]:  # fmt: skip
    """SIPp while it runs; the task's result is how it ended. Ended with the block at the latest.

    `lines`: what a call is to say of itself, one a call (`[field0]` … in the scenario).
    """
    async with asyncio.TaskGroup() as tasks:
        settings = stage.settings
        with tempfile.TemporaryDirectory(prefix="sipp-") as folder:
            port = free_port(address)
            command = [
                "sipp", f"{settings.sip_address}:{settings.sip_port}",
                "-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", called or settings.number,
                "-i", address, "-mi", address, "-p", str(port), "-mp", str(free_port(address)),
                "-m", str(calls), "-l", str(calls), "-r", str(rate), "-nostdin",
                "-timeout", f"{within}s", "-timeout_error", "-recv_timeout", str(within * 1000),
                "-default_behaviors", "-bye,-abortunexp",
                "-trace_err", "-error_file", f"{folder}/errors", "-aa",
            ]  # fmt: skip
            for name, value in (words or {}).items():
                command += ["-key", name, value]
            if lines:
                told = Path(folder) / "lines.csv"
                told.write_bytes(b"SEQUENTIAL\n" + b"\n".join(lines) + b"\n")
                command += ["-inf", str(told)]
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE, cwd=folder,
            )  # fmt: skip

            async def ended() -> Told:
                _, said = await process.communicate()
                errors = Path(folder) / "errors"
                text = errors.read_text(errors="replace") if errors.exists() else ""
                return Told(process.returncode or 0, text + said.decode(errors="replace"), port)

            running = tasks.create_task(ended(), name=f"sipp {scenario}")
            try:
                yield running
            finally:
                if not running.done():
                    with suppress(ProcessLookupError):
                        process.kill()
                await running


async def call_as(stage: Stage, scenario: str, **how: object) -> Told:
    """Run a scenario to its end."""
    async with foreign_phone(stage, scenario, **how) as phone:  # type: ignore[arg-type]
        return await phone
