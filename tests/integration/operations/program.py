"""Runs `bin/hotline` as a person does: another process, its output, its exit code."""

import asyncio
import os
import sys
from dataclasses import dataclass

from hotline.run import environment_of
from hotline.settings import ROOT, Settings


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    error: str


async def hotline(settings: Settings, *words: str, within: float = 90) -> Said:
    """`hotline WORDS…` with these settings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline", *words, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment_of(settings), "NO_COLOR": "1"},
    )  # fmt: skip
    async with asyncio.timeout(within):
        out, error = await process.communicate()
    assert process.returncode is not None
    return Said(process.returncode, out.decode(), error.decode())
