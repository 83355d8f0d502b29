"""Asterisk on one processor core, everything else on another.

Asterisk is scheduled as any program. As a real-time one (`asterisk -p`) it is stopped for 50 ms of
every second once its core is full, and which of its 300 threads suffers first then, and when, is
chance: one program reached 350 calls or 550. Scheduled fairly, the goal is missed when the core is
full. What generates and measures is real-time, so that it is not late itself: `nice` would not do,
where sessions share a core alike (autogroup).
"""

import os
from contextlib import suppress
from pathlib import Path

from tests.e2e.stage import Stage

CORES = sorted(os.sched_getaffinity(0))
ASTERISK_CORE, OTHER_CORE = CORES[0], CORES[-1]
# SCHED_RR: who generates and who measures goes before who waits.
GENERATOR, CITY, US = 20, 10, 1


def pin(stage: Stage) -> None:
    """The PBX under test alone on its core (where there are two); its controller beside us."""
    _pin(stage.pbx.pid, ASTERISK_CORE)
    _pin(stage.carrier.node.pid, OTHER_CORE, CITY)
    if stage.process is not None:
        _pin(stage.process.pid, OTHER_CORE)
    _pin(os.getpid(), OTHER_CORE, US)


def unpin() -> None:
    """This process, on all cores again, one among others."""
    for task in _tasks(os.getpid()):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(task, CORES)
            os.sched_setscheduler(task, os.SCHED_OTHER, os.sched_param(0))


def _pin(pid: int | None, core: int, priority: int = 0) -> None:
    assert pid is not None
    for task in _tasks(pid):  # threads to come inherit it
        with suppress(ProcessLookupError):
            os.sched_setaffinity(task, {core})
            if priority:
                os.sched_setscheduler(task, os.SCHED_RR, os.sched_param(priority))


def _tasks(pid: int) -> list[int]:
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
