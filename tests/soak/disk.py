"""A small disk of its own under the data folder, so that "disk full" harms nobody else."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """An ext4 image on a loop device; a tmpfs where the machine has no loop devices."""

    def __init__(self, image: Path, place: Path, megabytes: int) -> None:
        self._image = image
        self.place = place
        self._megabytes = megabytes
        self.kind = ""

    def mount(self) -> None:
        """Mount it; what an earlier run left in the image is still there."""
        self.place.mkdir(parents=True, exist_ok=True)
        self.unmount()
        if not self._image.exists():
            with self._image.open("wb") as file:
                file.truncate(self._megabytes << 20)
            _run("mkfs.ext4", "-q", "-m", "0", str(self._image))
        if _run("mount", "-o", "loop", str(self._image), str(self.place), check=False):
            self.kind = "ext4 on a loop device"
            return
        _run("mount", "-t", "tmpfs", "-o", f"size={self._megabytes}m", "soak", str(self.place))
        self.kind = "tmpfs"

    def unmount(self) -> None:
        while os.path.ismount(self.place):
            _run("umount", "--lazy", str(self.place))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a block is left while this lasts."""
        ballast = self.place / "ballast"
        try:
            with ballast.open("wb") as file:
                step = 1 << 30
                while step >= 4096:
                    try:
                        os.posix_fallocate(file.fileno(), _size(file.fileno()), step)
                    except OSError:
                        step //= 2
            yield
        finally:
            ballast.unlink(missing_ok=True)


def _size(number: int) -> int:
    return os.fstat(number).st_size


def _run(*command: str, check: bool = True) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()} (the soak needs root)")
    return done.returncode == 0
