"""Room telephony/asterisk: an instance's own logs, kept from growing without end."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import structlog

from telephony.asterisk.node import AsteriskNode, NodeFolder

log = structlog.get_logger()

# Those Asterisk writes and rotates itself, all at one time (logger.conf: rotatestrategy).
NAMES = ("messages", "security", "queue_log")
LOOK_SECONDS = 60.0


async def keep_logs_short(node: AsteriskNode, most: int = 10_000_000, keep: int = 6) -> None:
    """Until cancelled."""
    while True:
        await rotate_logs(node, most, keep)
        await asyncio.sleep(LOOK_SECONDS)


async def rotate_logs(node: AsteriskNode, most: int, keep: int) -> bool:
    """Once a log is longer than `most` bytes; `keep` old ones of each stay."""
    folder = node.folder
    _shorten_console(folder, most)
    if not node.is_running or all(_size(folder.log / name) <= most for name in NAMES):
        return False
    await node.command("logger rotate")
    for name in NAMES:
        for old in folder.log.glob(f"{name}.*"):
            number = old.suffix.removeprefix(".")
            if number.isdigit() and int(number) >= keep:
                old.unlink(missing_ok=True)
    log.info("asterisk_logs_rotated")
    return True


def _shorten_console(folder: NodeFolder, most: int) -> None:
    """Asterisk prints a few lines a start, and goes on at the file's end, wherever that is."""
    console = folder.log / "console"
    if _size(console) > most:
        with suppress(OSError):
            os.truncate(console, 0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
