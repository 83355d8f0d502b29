"""A disk of its own for the service's data, small enough to be filled by a test."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LEFT = 1_000_000


class SmallDisk:
    """A tmpfs. `fill()` leaves not one byte; `free()` takes the ballast away again."""

    def __init__(self, place: Path) -> None:
        self._ballast = place / "ballast"

    def fill(self) -> None:
        block = b"\0" * 65536
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while len(block) > 0:
                if file.write(block) < len(block):
                    block = block[: len(block) // 2]

    def fill_at_once(self) -> None:
        """All but a megabyte, in one breath: nobody can give up a reserve in the middle of it."""
        seen = os.statvfs(self._ballast.parent)
        free = seen.f_bavail * seen.f_frsize
        with self._ballast.open("ab") as file:
            os.posix_fallocate(file.fileno(), self._size, free - LEFT)

    def shrink(self, size: int) -> None:
        """Take so many bytes of the ballast away."""
        with self._ballast.open("rb+") as file:
            file.truncate(self._size - size)

    def fill_to(self, percent: float) -> None:
        """So much of the disk is used."""
        seen = os.statvfs(self._ballast.parent)
        missing = int((percent / 100 - 1) * seen.f_blocks + seen.f_bavail) * seen.f_frsize
        with self._ballast.open("ab") as file:
            os.posix_fallocate(file.fileno(), self._size, missing)

    @property
    def _size(self) -> int:
        return self._ballast.stat().st_size

    def free(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[SmallDisk]:
    place.mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", str(place)],
        check=True,
    )
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
