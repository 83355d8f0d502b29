"""Did the machine itself stand still? A process of its own, before all others, looks at the clock.

It sleeps 20 ms again and again. With real-time priority no load of ours makes it late: if it
wakes much too late all the same, the (virtual) machine did not run, and sound is lost that no
program could have kept.

python -m tests.soak.standstill FOLDER
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from hotline.settings import ROOT
from tests.soak.lines import Lines

NAP_SECONDS = 0.02
LATE_SECONDS = 0.05


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[None]:
    """Writes a line `standstills` for each, while inside."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.soak.standstill", str(folder), cwd=ROOT
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def look(lines: Lines) -> None:
    """Until it is ended."""
    os.sched_setscheduler(
        0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO))
    )
    lines.write("standstills", at=time.time(), seconds=0.0)  # that it has looked at all
    before = time.monotonic()
    while True:
        time.sleep(NAP_SECONDS)
        woke = time.monotonic()
        late = woke - before - NAP_SECONDS
        if late > LATE_SECONDS:
            lines.write("standstills", at=time.time() - late, seconds=round(late, 3))
        before = time.monotonic()


if __name__ == "__main__":
    look(Lines(Path(sys.argv[1])))
