"""Room telephony/ivr: a prompt spoken into a desk phone, behind a code that works once.

The code lies in Asterisk's own database, so `[record_prompt]` needs no Python; whoever
offered it waits here until the speaker has kept what was heard back.
"""

import asyncio
import re
import secrets
import time
from pathlib import Path

from telephony.asterisk.node import AsteriskNode

POLL_SECONDS = 0.5
OFFERED, KEPT = "record", "recorded"


class NobodySpoke(RuntimeError):
    """The code's time is up."""


async def offer_code(asterisk: AsteriskNode, prompt: str, seconds: float) -> str:
    """A code of six digits that lets one caller speak this prompt, until its time is up."""
    code = f"{secrets.randbelow(900_000) + 100_000}"
    until = int(time.time() + seconds)
    await asterisk.command(f"database put {OFFERED} {code} {prompt}~{until}")
    return code


async def until_spoken(asterisk: AsteriskNode, code: str, seconds: float) -> Path:
    """The file of what was said and kept; `NobodySpoke`. The code is worth nothing afterwards."""
    try:
        async with asyncio.timeout(seconds):
            while not await _kept(asterisk, code):
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise NobodySpoke(code) from None
    finally:
        await asterisk.command(f"database del {OFFERED} {code}")
        await asterisk.command(f"database del {KEPT} {code}")
    return spoken_folder(asterisk) / f"{code}.wav"


def spoken_folder(asterisk: AsteriskNode) -> Path:
    """Where Asterisk puts what is spoken."""
    return asterisk.folder.spool / "prompts"


async def _kept(asterisk: AsteriskNode, code: str) -> bool:
    return (
        re.search(r"^Value: ", await asterisk.command(f"database get {KEPT} {code}"), re.M)
        is not None
    )
