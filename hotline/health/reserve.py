"""Room hotline/health: room on the disk that is held back for the time when there is no other.

A file of real blocks beside the data. It is given up in two parts as the disk fills: the
first lets everything go on, the second is for facts alone, and recording stops
(docs/adr/0023). Its size says how far it was given up, also to the next program.
"""

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from store.node_journal import Entry, JournalBroken, NodeJournal

log = structlog.get_logger()

NAME = "disk.reserve"
# What is kept for facts alone: a call writes some 40 kB of them, its sound 1 MB a minute a leg.
LAST_SHARE = 4


class Level(StrEnum):
    """How far the reserve was given up."""

    OFF = "off"  # reserve_mb = 0
    MISSING = "missing"  # there has never been room for it
    WHOLE = "whole"
    SPENT = "spent"  # the first part: everything goes on
    GONE = "gone"  # all of it: facts go on, recording stops


@dataclass(frozen=True)
class Disk:
    """The disk the data lies on, as if there were no reserve: it is nobody's data."""

    total: int
    free: int

    @property
    def used_percent(self) -> float:
        return 100.0 * (1 - self.free / self.total) if self.total else 100.0


def disk_of(data_dir: Path) -> Disk:
    """Room where the data lies; what is held back counts as free."""
    usage = shutil.disk_usage(data_dir)
    return Disk(usage.total, usage.free + _size(data_dir / NAME))


class Reserve:
    """`size` and `least` in bytes: below `least` free, a part is given up."""

    def __init__(self, data_dir: Path, size: int, least: int) -> None:
        self.path = data_dir / NAME
        self.size = size
        self.least = least
        self._turn = threading.Lock()

    @property
    def level(self) -> Level:
        if not self.size:
            return Level.OFF
        held = _size(self.path)
        if held:
            return Level.WHOLE if held >= self.size else Level.SPENT
        return Level.GONE if self.path.exists() else Level.MISSING

    @property
    def missing_bytes(self) -> int:
        """What there is less than there should be."""
        return max(0, self.size - _size(self.path))

    @property
    def is_due(self) -> bool:
        """Whether `look` would change anything; two calls to the kernel."""
        with suppress(OSError):
            held, free = _size(self.path), self.free
            return self._gives_up(free, held) or self._makes(free, held)
        return False

    def look(self) -> bool:
        """Give up a part where the disk is full, make it whole where there is room; whether it did.

        Making it needs twice `least` beside it, so that it is not given up again at once.
        """
        with self._turn:
            held = _size(self.path)
            try:
                self._change(held)
            except OSError as error:  # a reserve that cannot be had must not cost a call
                log.error("disk_reserve_failed", reason=str(error))
            changed = _size(self.path) != held
        if changed:
            log.warning("disk_reserve", reserve=self.level, free_bytes=self.free)
        return changed

    def _change(self, held: int) -> None:
        free = self.free
        if self._gives_up(free, held):
            self._give_up(held)
        elif self._makes(free, held):
            self._make(held)

    @property
    def free(self) -> int:
        """Bytes, beside the reserve."""
        return shutil.disk_usage(self.path.parent).free

    def _gives_up(self, free: int, held: int) -> bool:
        return held > 0 and free < self.least

    def _makes(self, free: int, held: int) -> bool:
        return held != self.size and free - (self.size - held) >= 2 * self.least

    def _give_up(self, held: int) -> None:
        last = self.size // LAST_SHARE
        with self.path.open("rb+") as file:
            file.truncate(last if held > last else 0)
            # Only with this are the blocks to be had by others (ext4).
            os.fsync(file.fileno())

    def _make(self, held: int) -> None:
        if not self.size:
            self.path.unlink(missing_ok=True)
            return
        existed = self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, min(held, self.size))
            os.posix_fallocate(handle, 0, self.size)
        except OSError:  # somebody was quicker: what was held stays
            os.ftruncate(handle, held)
            if not existed:
                self.path.unlink(missing_ok=True)
        finally:
            os.close(handle)


class ReservedJournal(NodeJournal):
    """The node's journal, for which the reserve is given up in the moment it is needed."""

    reserve: Reserve | None = None

    def append(
        self, entries: Sequence[Entry], bookmarks: Mapping[str, int] | None = None
    ) -> list[int | None]:
        """As `NodeJournal.append`; on a full disk once more with what was held back."""
        try:
            return super().append(entries, bookmarks)
        except JournalBroken:
            if self.reserve is None or not self.reserve.look():
                raise
        return super().append(entries, bookmarks)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
