"""Room transcription: unpack a model zip somebody hands us, without trusting it."""

import os
import shutil
import stat
import tempfile
import zlib
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from transcription.engine import ModelUnusable
from transcription.vosk_engine import looks_like_model, missing_parts
from transcription.whisper_model import sha256_of

MOST_BYTES = 8 << 30  # the large Chinese model unpacks to 2 GB
MOST_FILES = 10_000


def add_model(zip_file: Path, into: Path) -> Path:
    """Unpack below `into` and return the model's folder; the same zip twice is one model.

    `ModelUnusable` for anything that is not a zip with a Vosk model in it, or
    that would write outside its own folder. Nothing is left behind then.
    """
    if not zip_file.is_file():
        raise ModelUnusable(f"{zip_file} is not a file")
    into.mkdir(parents=True, exist_ok=True)
    fingerprint = sha256_of(zip_file)[:12]
    for known in into.glob(f"*~{fingerprint}"):
        if looks_like_model(known):
            os.utime(known)  # the one added last is the one used
            return known
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=into) as scratch:
        _unpack(zip_file, Path(scratch))
        root = _model_root(Path(scratch))
        name = zip_file.stem if root == Path(scratch) else root.name
        target = into / f"{name}~{fingerprint}"
        shutil.rmtree(target, ignore_errors=True)  # damaged, or it had been returned above
        return _moved(root, target)


def _unpack(zip_file: Path, scratch: Path) -> None:
    try:
        with ZipFile(zip_file) as archive:
            members = archive.infolist()
            _check(members)
            for member in members:
                archive.extract(member, scratch)
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise ModelUnusable(f"{zip_file.name} cannot be unpacked: {error}") from error


def _check(members: list[ZipInfo]) -> None:
    """Refuse before the first byte is written."""
    if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_BYTES:
        raise ModelUnusable("the zip is larger than any model")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in member.filename:
            raise ModelUnusable(f"the zip would write outside its folder: {member.filename!r}")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ModelUnusable(f"the zip holds a link: {member.filename!r}")


def _model_root(scratch: Path) -> Path:
    """The zip holds the model itself, or one folder with it."""
    if looks_like_model(scratch):
        return scratch
    inner = [one for one in scratch.iterdir() if one.is_dir() and looks_like_model(one)]
    if len(inner) == 1:
        return inner[0]
    if inner:
        raise ModelUnusable("the zip holds more than one model")
    folders = [one for one in scratch.iterdir() if one.is_dir() and one.name != "__MACOSX"]
    missing = missing_parts(folders[0] if len(folders) == 1 else scratch)
    raise ModelUnusable(f"the zip holds no Vosk model: {', '.join(missing)} missing or empty")


def _moved(root: Path, target: Path) -> Path:
    if root.parent == target.parent:  # the scratch folder itself: keep it to be cleaned up
        target.mkdir()
        for child in root.iterdir():
            child.rename(target / child.name)
    else:
        root.rename(target)
    os.utime(target)
    return target
