"""Asterisk on one processor core, everything else on another."""

import os
from contextlib import suppress
from pathlib import Path

from tests.e2e.stage import Stage

CORES = sorted(os.sched_getaffinity(0))
ASTERISK_CORE, OTHER_CORE = CORES[0], CORES[-1]


def pin(stage: Stage) -> None:
    """The PBX under test alone on its core (where there are two); its controller beside us."""
    _pin(stage.pbx.pid, ASTERISK_CORE)
    _pin(stage.carrier.node.pid, OTHER_CORE)
    if stage.process is not None:
        _pin(stage.process.pid, OTHER_CORE)
    _pin(os.getpid(), OTHER_CORE)


def unpin() -> None:
    """This process, on all cores again."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), CORES)


def _pin(pid: int | None, core: int) -> None:
    assert pid is not None
    for task in Path(f"/proc/{pid}/task").iterdir():  # threads to come inherit it
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), {core})
