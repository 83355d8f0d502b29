"""Room store: what is written is on disk, and for this service's user alone."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """A file's bytes, or a folder's names, are on disk. OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(folder: Path) -> None:
    """Make a folder and its parents for the service alone, each name safely on disk. OSError."""
    if folder.is_dir():
        return
    private_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    sync(folder.parent)
