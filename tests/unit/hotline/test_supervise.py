"""What cannot be started for want of memory or file handles is tried again."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hotline.supervise import Part, Supervisor
from tests.e2e.stage import until


class FakeAsterisk:
    """As AsteriskNode; the starts named in `refused` find no process to be had.

    It says that it runs `slow` seconds after a start.
    """

    def __init__(self, *refused: int, slow: float = 0) -> None:
        self._refused = refused
        self._slow = slow
        self.is_running = False
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        if self.starts in self._refused:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        self.is_running = not self._slow

    async def ready(self) -> None:
        await asyncio.sleep(self._slow)
        self.is_running = True

    async def stop(self) -> None:
        self.is_running = False


@asynccontextmanager
async def running(
    asterisk: FakeAsterisk, logs: Path, *parts: Part, on_ready: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    node: Any = asterisk
    supervisor = Supervisor(node, logs, parts)
    ready = asyncio.Event()

    def is_ready() -> None:
        on_ready()
        ready.set()

    task = asyncio.create_task(supervisor.run(is_ready))
    async with asyncio.timeout(10):
        await ready.wait()
    try:
        yield
    finally:
        supervisor.stop()
        await task


async def test_an_asterisk_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """
    start | outcome
    1     | runs, then dies
    2     | no memory
    3     | runs
    """
    asterisk = FakeAsterisk(2)
    async with running(asterisk, tmp_path):
        asterisk.is_running = False
        await until(lambda: asterisk.starts == 3 and asterisk.is_running)


async def test_an_asterisk_that_is_slow_to_say_that_it_runs_is_started_once(tmp_path: Path) -> None:
    asterisk = FakeAsterisk(slow=1.5)
    async with running(asterisk, tmp_path):
        pass
    assert asterisk.starts == 1


async def test_a_part_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """Its log is a folder at first, which nobody can write to."""
    in_the_way = tmp_path / "desk.log"
    in_the_way.mkdir()
    part = Part("desk", ["sleep", "60"])
    async with running(FakeAsterisk(), tmp_path, part, on_ready=in_the_way.rmdir):
        await until(lambda: part.starts == 1)
