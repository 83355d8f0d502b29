"""`make soak`: run, or only report; what was measured stays in var/soak as JSON lines.

python -m tests.soak            run (again: goes on where the last one stopped), then report:
                                docs/reliability.md, or docs/steadiness.md of a run without faults
python -m tests.soak report     write the document from what is there
python -m tests.soak anew       throw the last run away, then run
"""

import asyncio
import logging
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import structlog

from hotline.settings import ROOT
from tests.soak.calls import Calls
from tests.soak.faults import inject
from tests.soak.judging import judge
from tests.soak.leftovers import count_leftovers, until_settled
from tests.soak.lines import Lines
from tests.soak.plan import Plan, read_plan
from tests.soak.report import write_report
from tests.soak.standstill import watched
from tests.soak.watching import watch
from tests.soak.world import given_world

FOLDER = Path(os.environ.get("SOAK_DIR", ROOT / "var" / "soak"))


async def run(plan: Plan, lines: Lines) -> None:
    """One session; Ctrl-C or SIGTERM ends it in order and keeps what was measured."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with given_world(plan, FOLDER) as world, watched(FOLDER):
        began = time.time()
        lines.write("sessions", began=began, disk=world.disk.kind)
        calls = Calls(world, lines)
        watching = asyncio.create_task(watch(world, calls, lines, began + plan.minutes * 60))
        injecting = asyncio.create_task(inject(world, calls, lines, stop))
        stream = asyncio.create_task(calls.run(stop))
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.minutes * 60):
                await stop.wait()
        stop.set()
        await asyncio.gather(injecting, stream)
        print("no more calls; until all that is owed is done …", flush=True)
        await until_settled(world)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        lines.write("leftovers", at=time.time(), **await count_leftovers(world))
        await judge(world, lines)
        lines.write("sessions", ended=time.time())


def main(words: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if words == ["anew"]:
        shutil.rmtree(FOLDER, ignore_errors=True)
    lines = Lines(FOLDER)
    if words != ["report"]:
        asyncio.run(run(read_plan(), lines))
    write_report(lines, FOLDER)


if __name__ == "__main__":
    main(sys.argv[1:])
