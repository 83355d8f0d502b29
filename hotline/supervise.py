"""Room hotline: starts every part, watches them, starts them again, stops them on one signal."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from hotline.logs import LOG_FILE
from hotline.settings import ROOT
from telephony.asterisk.node import AsteriskFailed, AsteriskNode

log = structlog.get_logger()

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
# A part that ran this long before it ended is started again without waiting.
STEADY_SECONDS = 30.0
STOP_WITHIN = 10.0
# Asks a supervisor to go and leave its parts and Asterisk to the next one.
HAND_OVER = signal.SIGUSR1
QUIET_SECONDS = 5.0
# Of memory, for a part and its threads: each heap frays by itself. Whoever starts
# the service may say otherwise in its environment.
_HEAPS = {"MALLOC_ARENA_MAX": "2"}


@dataclass
class Part:
    """One Python process of ours."""

    name: str
    command: Sequence[str]
    nice: int = 0
    pid: int | None = None
    starts: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Runs until told to stop; `parts` are named as in `hotline part NAME`."""

    def __init__(
        self, asterisk: AsteriskNode, logs: Path, parts: Sequence[Part],
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._asterisk = asterisk
        self._logs = logs
        self.parts = list(parts)
        self._environment = {**_HEAPS, **(environment or os.environ)}
        self._stopping = asyncio.Event()
        self._left: list[asyncio.subprocess.Process] = []
        self._handing_over = False
        self.keep_asterisk = False

    def hand_over(self) -> None:
        """End, and leave everything running: a newer supervisor takes over."""
        self._handing_over = True
        self._stopping.set()

    @property
    def handed_over(self) -> bool:
        """Whether parts and Asterisk were left running."""
        return self._handing_over

    def stop(self) -> None:
        """Ask everything to end; `run` returns when it has."""
        self._stopping.set()

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start all, keep all running, until `stop` or SIGTERM/SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(HAND_OVER, self.hand_over)
        self._logs.mkdir(parents=True, exist_ok=True)
        found = self._asterisk.is_running
        self._asterisk.start()
        keepers = [
            *([asyncio.create_task(self._reload_when_quiet(), name="reload")] if found else []),
            *(asyncio.create_task(self._keep(part), name=part.name) for part in self.parts),
        ]
        await self._asterisk.ready()
        # Not before: until then it may not have said that it runs, and would be started twice.
        keepers.append(asyncio.create_task(self._keep_asterisk(), name="asterisk"))
        on_ready()
        await self._stopping.wait()
        await asyncio.gather(*keepers)
        if not (self._handing_over or self.keep_asterisk):
            await self._asterisk.stop()

    async def _keep_asterisk(self) -> None:
        wait = FIRST_WAIT
        while not await self._stops_within(0.5):
            try:
                if self._asterisk.is_running:
                    wait = FIRST_WAIT
                    continue
                log.error("asterisk_gone", starting_again_in=wait)
                if await self._stops_within(wait):
                    return
                self._asterisk.start()
                await self._asterisk.ready()
            except (AsteriskFailed, OSError) as error:
                log.error("asterisk_failed", reason=str(error))
                wait = min(LONGEST_WAIT, wait * 2)

    async def _reload_when_quiet(self) -> None:
        """An Asterisk that was found running takes up its new files when no call is up.

        Not before: a call in the middle of the dialplan would go on at another line of it.
        """
        while not await self._stops_within(QUIET_SECONDS):
            if (await self._asterisk.command("core show channels count")).startswith("0 active"):
                for line in ("dialplan reload", "queue reload all", "pjsip reload"):
                    await self._asterisk.command(line)
                log.info("asterisk_settings_taken_up")
                return

    async def _keep(self, part: Part) -> None:
        wait = FIRST_WAIT
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            try:
                process = await self._start(part)
            except OSError as error:  # no memory, no file handles: there may be some soon
                log.error("part_failed", part=part.name, reason=str(error), again_in=wait)
            else:
                if await self._ended_by_us(process):
                    return
                if loop.time() - started > STEADY_SECONDS:
                    wait = FIRST_WAIT
                log.error("part_ended", part=part.name, code=process.returncode, again_in=wait)
            if await self._stops_within(wait):
                return
            wait = min(LONGEST_WAIT, wait * 2)

    async def _start(self, part: Part) -> asyncio.subprocess.Process:
        log_file = self._logs / f"{part.name}.log"
        with log_file.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *part.command, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
                env={**self._environment, LOG_FILE: str(log_file.resolve())}, cwd=ROOT,
                start_new_session=True,
                preexec_fn=(lambda: os.nice(part.nice)) if part.nice else None,
            )  # fmt: skip
        part.pid, part.starts = process.pid, part.starts + 1
        return process

    async def _ended_by_us(self, process: asyncio.subprocess.Process) -> bool:
        """Wait until it ends, or until we do: then it is ended, or left to the next one."""
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._handing_over:
            ended.cancel()
            self._left.append(process)  # a forgotten one would be killed by asyncio
            return True
        if self._stopping.is_set():
            await _end(process)
            return True
        return False

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def own_parts(*, probing: bool = False) -> list[Part]:
    """The Python parts of an embedded installation."""

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "hotline", "part", name]

    return [
        Part("controller", command("controller")),
        Part("api", command("api")),
        Part("desk", command("desk"), nice=5),
        Part("transcriber", command("transcriber"), nice=19),
        *([Part("probe", command("probe"), nice=5)] if probing else []),
    ]
