"""A disk of its own for the service's data, small enough to be filled by a test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
