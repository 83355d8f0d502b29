"""Room transcription: tracks of one call → one timeline with speakers.

Who speaks is a fact, not a guess: every track holds one person. Tracks are
decoded one at a time, each without its silence.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import soxr

from transcription.engine import RATE, Engine, Pcm
from transcription.silence import without_silence
from transcription.words import Utterance, Word

PAUSE = 0.8  # seconds without a word that end an utterance
NO_SPACE = re.compile(
    r"[\u2e80-\u30ff\u31c0-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)


class TrackUnreadable(Exception):
    """A sealed track that no decoder can open: the archive needs a look."""


@dataclass(frozen=True)
class TrackAudio:
    """One person's recording and when it begins on the call's clock."""

    leg_id: str
    role: str
    path: Path
    offset_ms: int


def read_track(path: Path) -> Pcm:
    """Any sealed track → 16 kHz mono; an empty one is no samples."""
    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise TrackUnreadable(f"{path.name} cannot be opened") from error
    mono = samples[:, 0]
    if rate == RATE or not mono.size:
        return np.ascontiguousarray(mono)
    resampled: Pcm = soxr.resample(mono, rate, RATE)
    return resampled


def words_of_track(pcm: Pcm, engine: Engine) -> list[Word]:
    """Decode what is not silent; times count from the start of the track."""
    short = without_silence(pcm)
    return short.restore(engine.words(short.pcm)) if short.spans else []


def utterances_of(track: TrackAudio, words: Sequence[Word]) -> list[Utterance]:
    """Words of one track → utterances on the call's clock, split at pauses."""
    # A track can be placed a few milliseconds before the clock's start by rounding.
    placed = [word.moved(max(track.offset_ms / 1000, -word.start)) for word in words]
    return [_utterance(track, group) for group in split_at_pauses(placed)]


def split_at_pauses(words: Sequence[Word], pause: float = PAUSE) -> list[list[Word]]:
    """Groups of words with less than `pause` seconds between neighbours."""
    if not words:
        return []
    ordered = sorted(words, key=lambda word: (word.start, word.end))
    groups = [[ordered[0]]]
    for before, word in pairwise(ordered):
        if word.start - before.end >= pause:
            groups.append([])
        groups[-1].append(word)
    return groups


def merge(spoken: Iterable[Sequence[Utterance]]) -> tuple[Utterance, ...]:
    """All people's utterances in order of beginning; who spoke longer first comes later."""
    everything = [utterance for one in spoken for utterance in one]
    return tuple(sorted(everything, key=lambda u: (u.start, u.end, u.leg_id)))


def join_words(texts: Iterable[str]) -> str:
    """Chinese is written without spaces, other languages with them."""
    joined = ""
    for text in texts:
        if joined and text and not (NO_SPACE.match(joined[-1]) or NO_SPACE.match(text[0])):
            joined += " "
        joined += text
    return joined


def _utterance(track: TrackAudio, words: Sequence[Word]) -> Utterance:
    return Utterance(
        leg_id=track.leg_id,
        role=track.role,
        start=words[0].start,
        end=max(word.end for word in words),
        text=join_words(word.text for word in words),
        words=tuple(words),
    )
