"""Asterisk on one processor core, everything else on another.

Before others: what else runs on the machine takes little from them, and the controller nothing
from the generator.
"""

import os
from contextlib import suppress
from pathlib import Path

from tests.e2e.stage import Stage

CORES = sorted(os.sched_getaffinity(0))
ASTERISK_CORE, OTHER_CORE = CORES[0], CORES[-1]
# As `nice` counts. SIPp has -20.
ASTERISK_NICE, CITY_NICE, OUR_NICE = -18, -15, -10


def pin(stage: Stage) -> None:
    """The PBX under test alone on its core (where there are two); its controller beside us."""
    _pin(stage.pbx.pid, ASTERISK_CORE, ASTERISK_NICE)
    _pin(stage.carrier.node.pid, OTHER_CORE, CITY_NICE)
    if stage.process is not None:
        _pin(stage.process.pid, OTHER_CORE, 0)
    _pin(os.getpid(), OTHER_CORE, OUR_NICE)


def unpin() -> None:
    """This process, on all cores again."""
    for task in _tasks(os.getpid()):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(task, CORES)
            os.setpriority(os.PRIO_PROCESS, task, 0)


def _pin(pid: int | None, core: int, nice: int) -> None:
    assert pid is not None
    for task in _tasks(pid):  # threads to come inherit it
        with suppress(ProcessLookupError):
            os.sched_setaffinity(task, {core})
            os.setpriority(os.PRIO_PROCESS, task, nice)


def _tasks(pid: int) -> list[int]:
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
