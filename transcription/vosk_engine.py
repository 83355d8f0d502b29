"""Room transcription: Vosk, the first engine. The only importer of vosk."""

import json
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from transcription.engine import RATE, ModelUnusable, Pcm
from transcription.words import Word

CHUNK = RATE // 2
NOT_WORDS = frozenset({"[unk]", "<unk>", "<UNK>", "<eps>"})
GRAPHS = (("HCLG.fst",), ("HCLr.fst", "Gr.fst"))
LANGUAGE_IN_NAME = re.compile(r"vosk[-_]model(?:[-_]small)?[-_]([a-z]{2})(?![a-z])")

if TYPE_CHECKING:
    import vosk


class VoskEngine:
    """One shared model; a recogniser per use. Vosk lets go of the GIL while it decodes."""

    name = "vosk"

    def __init__(
        self, folder: Path, language: str | None = None, grammar: Sequence[str] | None = None
    ) -> None:
        self.model = model_name(folder)
        self.language = language or language_of(folder)
        self.at_once = len(os.sched_getaffinity(0))
        self._model = load(folder.resolve())
        self._grammar = json.dumps(list(grammar), ensure_ascii=False) if grammar else None
        # Half-written graphs and settings load and fail only here: better now than in a call.
        self.words(np.zeros(RATE, np.int16))

    def words(self, pcm: Pcm) -> list[Word]:
        """See `Engine.words`."""
        try:
            return self._decode(pcm)
        except Exception as error:  # vosk raises nothing narrower
            raise ModelUnusable(f"{self.model} is damaged: Vosk cannot decode with it") from error

    def _decode(self, pcm: Pcm) -> list[Word]:
        recogniser = self._recogniser()
        found: list[Word] = []
        for at in range(0, len(pcm), CHUNK):
            if recogniser.AcceptWaveform(pcm[at : at + CHUNK].tobytes()):
                found += words_of(recogniser.Result())
        return found + words_of(recogniser.FinalResult())

    def _recogniser(self) -> "vosk.KaldiRecognizer":
        import vosk

        grammar = () if self._grammar is None else (self._grammar,)
        recogniser = vosk.KaldiRecognizer(self._model, RATE, *grammar)
        recogniser.SetWords(True)
        return recogniser


def words_of(result: str) -> list[Word]:
    """Vosk's JSON answer → words; an empty answer has none."""
    heard = json.loads(result).get("result", [])
    return [
        Word(
            text=one["word"],
            start=max(one["start"], 0.0),
            end=max(one["end"], one["start"], 0.0),
            confidence=min(max(one["conf"], 0.0), 1.0),
        )
        for one in heard
        if one["word"] not in NOT_WORDS
    ]


@cache
def load(folder: Path) -> "vosk.Model":
    """Load once per process; `ModelUnusable` says what is wrong with the folder."""
    check_layout(folder)
    # Here and not above: most processes decode nothing, and the library takes its time to load.
    import vosk

    vosk.SetLogLevel(-1)
    try:
        return vosk.Model(model_path=str(folder))
    except Exception as error:  # vosk raises nothing narrower
        raise ModelUnusable(f"{folder} is damaged: Vosk cannot load it") from error


def check_layout(folder: Path) -> None:
    """Does this look like a Vosk model? Both layouts, `am/ conf/ graph/` and the older flat one."""
    if not folder.is_dir():
        raise ModelUnusable(f"{folder} is not a folder")
    missing = missing_parts(folder)
    if missing:
        raise ModelUnusable(f"{folder} is not a Vosk model: {', '.join(missing)} missing or empty")


def missing_parts(folder: Path) -> list[str]:
    """The files missing for a Vosk model, by the layout the folder comes nearest to."""
    layouts = _layouts()
    nearest = min(layouts, key=lambda parts: len(_missing(folder, parts)) / len(parts))
    return _missing(folder, nearest)


def looks_like_model(folder: Path) -> bool:
    """`check_layout` as a yes or no."""
    try:
        check_layout(folder)
    except ModelUnusable:
        return False
    return True


def model_name(folder: Path) -> str:
    """The name to show: the folder's own, or its parent's where it is just called model."""
    folder = folder.resolve()
    name = folder.parent.name if folder.name == "model" else folder.name
    return name.partition("~")[0]


def language_of(folder: Path) -> str:
    """Vosk names its models for their language, and Chinese `cn`."""
    named = LANGUAGE_IN_NAME.match(model_name(folder))
    code = named.group(1) if named else "cn"
    return "zh" if code == "cn" else code


def _layouts() -> list[list[str]]:
    new = [["am/final.mdl", "conf/mfcc.conf", *(f"graph/{g}" for g in graph)] for graph in GRAPHS]
    old = [["final.mdl", "mfcc.conf", *graph] for graph in GRAPHS]
    return new + old


def _missing(folder: Path, parts: Sequence[str]) -> list[str]:
    return [part for part in parts if not _has_bytes(folder / part)]


def _has_bytes(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0
