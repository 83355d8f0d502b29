"""Room telephony/ivr: what the hotline says: which prompts there are, and which files are played.

Four layers, the later over the earlier: the repository's Chinese ones, the city's own
Chinese ones, and for English the repository's and the city's English ones on top. So a
caller who chose English hears Chinese where nothing else is there, and never nothing.
"""

import os
import shutil
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import yaml

from telephony.asterisk.node import NodeFolder

OF_THE_REPOSITORY = Path(__file__).parents[2] / "asterisk_conf" / "sounds"
LANGUAGES = ("zh", "en")
# Played, but nobody's words.
TONES = frozenset({"beep"})


@dataclass(frozen=True)
class Prompt:
    """A text beside its sound. `who` hears it."""

    name: str
    zh: str
    en: str
    who: str


def prompt_texts(source: Path = OF_THE_REPOSITORY / "prompts.yaml") -> dict[str, Prompt]:
    """Every prompt that has a text, by name."""
    # The fast reader, which is for our own files only: nested deeply, a text ends the process.
    entries = yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {
        name: Prompt(name, str(entry["zh"]), str(entry["en"]), str(entry["who"]))
        for name, entry in entries.items()
    }


def layers(language: str, own: Path | None) -> list[Path]:
    """Folders whose files make up a language, the later over the earlier."""
    chinese = [OF_THE_REPOSITORY / "zh", *([own / "zh"] if own else [])]
    if language == "zh":
        return chinese
    return [*chinese, OF_THE_REPOSITORY / language, *([own / language] if own else [])]


def sounds(language: str, own: Path | None) -> dict[str, Path]:
    """Prompt → the file that is played for it."""
    return {
        path.stem: path
        for layer in layers(language, own)
        for path in sorted(layer.glob("*.wav"))
    }  # fmt: skip


def seconds_of(files: dict[str, Path]) -> dict[str, float]:
    """How long each is; a file that is no WAV is as good as missing."""
    return {name: seconds for name, path in files.items() if (seconds := _seconds(path))}


def _seconds(path: Path) -> float:
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, OSError):
        return 0.0


def missing(own: Path | None) -> list[str]:
    """Prompts that have a text and no usable sound."""
    there = seconds_of(sounds("zh", own))
    return sorted(set(prompt_texts()) - set(there))


def install_prompts(folder: NodeFolder, own: Path | None) -> None:
    """Put every prompt where Asterisk plays it; one that is being played is heard to its end."""
    spoken = folder.spool / "prompts"
    spoken.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(spoken, *folder.program.user)
    for language in LANGUAGES:
        target = folder.sounds / language
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chown(target, *folder.program.user)
        for name, path in sounds(language, own).items():
            _install(folder, path, target / f"{name}.wav")


def _install(folder: NodeFolder, source: Path, target: Path) -> None:
    content = source.read_bytes()
    if target.exists() and target.read_bytes() == content:
        return
    with put_whole(target) as half:
        half.write_bytes(content)
        os.chown(half, *folder.program.user)


class put_whole:  # noqa: N801 - reads as a verb: `with put_whole(path) as half`
    """A file that appears as a whole or not at all."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._half: Path | None = None

    def __enter__(self) -> Path:
        with NamedTemporaryFile(
            dir=self._target.parent, prefix=f".{self._target.stem}.", delete=False
        ) as file:
            self._half = Path(file.name)
        return self._half

    def __exit__(self, kind: object, *_: object) -> None:
        if self._half is None:
            return
        if kind is None:
            with self._half.open("rb") as file:
                os.fsync(file.fileno())
            self._half.replace(self._target)
        else:
            self._half.unlink(missing_ok=True)


def said(prompts: Sequence[str]) -> Iterator[str]:
    """The words of these prompts, in Chinese, for a picture."""
    texts = prompt_texts()
    for prompt in prompts:
        yield texts[prompt].zh if prompt in texts else prompt


def copy_of(source: Path, target: Path) -> None:
    """A plain copy beside its target's other files, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with put_whole(target) as half:
        shutil.copyfile(source, half)
