"""The machine: what a measurement was made on, in words, and how busy it is."""

import os
import platform
import statistics
import time
from pathlib import Path

import psutil


def machine() -> str:
    """Cores, processor, memory, kernel."""
    names = (
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores of {next(names, 'unknown processor')}, {memory:.0f} GB, "
        f"Linux {platform.release()}"
    )


def at_work(seconds: float) -> float:
    """How many threads run or wait for a processor, this one aside, on average over some seconds.

    Linux's count of the whole machine; 0 where there is none.
    """
    seen = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            running = Path("/proc/loadavg").read_text().split()[3]  # "3/764"
        except OSError:
            return 0.0
        seen.append(int(running.partition("/")[0]) - 1)
        time.sleep(0.02)
    return statistics.fmean(seen)
