"""The machine a measurement was made on, in words."""

import os
import platform
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
