"""The machine: what a measurement was made on, in words, and how busy it is."""

import os
import platform
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


def share_waiting(seconds: float) -> float:
    """Share of the next seconds in which somebody waited for a processor (0 to 1).

    Linux's pressure stall information; 0 where the kernel does not tell it.
    """
    try:
        before, begun = _waited(), time.monotonic()
        time.sleep(seconds)
        return (_waited() - before) / 1e6 / (time.monotonic() - begun)
    except OSError:
        return 0.0


def _waited() -> int:
    """Microseconds since the machine's start, of `some avg10=… avg60=… avg300=… total=…`."""
    some = Path("/proc/pressure/cpu").read_text().splitlines()[0]
    return int(some.rpartition("=")[2])
