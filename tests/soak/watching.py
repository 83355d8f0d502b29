"""Memory and files of each process, every ten seconds; a line that says how far it is."""

import asyncio
import time
from contextlib import suppress

import psutil

from tests.soak.calls import Calls
from tests.soak.faults import FAULTS
from tests.soak.lines import Lines
from tests.soak.world import PARTS, World

SAMPLE_SECONDS = 10.0


async def watch(world: World, calls: Calls, lines: Lines, ends: float) -> None:
    """Until cancelled."""
    began = time.time()
    while True:
        sizes = {}
        for part in ("asterisk", "supervisor", *PARTS):
            pid = world.pid(part)
            if pid is None:
                continue
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                sizes[part] = process.memory_info().rss / 2**20
                lines.write(
                    "memory", at=time.time(), part=part, pid=pid, live=world.town.talking,
                    mb=sizes[part], files=process.num_fds(), threads=process.num_threads(),
                )  # fmt: skip
        done = lines.read("faults")
        last = done[-1]["fault"] if done else "-"
        print(
            f"[{(time.time() - began) / 60:5.1f} min, {max(0, ends - time.time()) / 60:.1f} left] "
            f"calls {calls.placed} (live {world.town.talking}, joined {calls.joined}, "
            f"not answered {calls.unanswered}, ended by us not them {calls.dropped}); "
            f"faults {len(done)}/{len(FAULTS) * world.plan.faults} (last: {last}); MB "
            + " ".join(f"{part} {mb:.0f}" for part, mb in sizes.items()),
            flush=True,
        )
        await asyncio.sleep(SAMPLE_SECONDS)
