"""Room transcription: the one function a worker process runs for a call."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

from transcription.engine import RATE, Engine
from transcription.memory import give_back
from transcription.timeline import (
    TrackAudio,
    TrackUnreadable,
    merge,
    read_track,
    utterances_of,
    words_of_track,
)
from transcription.words import Timeline, Utterance


@dataclass(frozen=True)
class _Heard:
    """What one track gave; no utterances and no samples where it cannot be opened."""

    samples: int
    utterances: list[Utterance]
    unreadable: str = ""


def transcribe_call(tracks: Sequence[TrackAudio], engine: Engine, why: str = "") -> Timeline:
    """All tracks into one timeline, as many side by side as the engine bears.

    Blocking: seconds to minutes of CPU. One unreadable track costs only its own words;
    `TrackUnreadable` is raised when none can be read, `ModelUnusable` when the model
    breaks down.
    """
    began = monotonic()
    with ThreadPoolExecutor(engine.at_once, "track") as threads:
        heard = list(threads.map(lambda track: _hear(track, engine), tracks))
    give_back()
    unreadable = tuple(one.unreadable for one in heard if one.unreadable)
    if tracks and len(unreadable) == len(tracks):
        raise TrackUnreadable(f"none of {len(tracks)} tracks can be opened")
    return Timeline(
        utterances=merge(one.utterances for one in heard),
        engine=engine.name,
        model=engine.model,
        why=why,
        language=engine.language,
        seconds_audio=round(sum(one.samples for one in heard) / RATE, 3),
        seconds_spent=round(monotonic() - began, 3),
        unreadable=unreadable,
    )


def _hear(track: TrackAudio, engine: Engine) -> _Heard:
    try:
        pcm = read_track(track.path)
    except TrackUnreadable:
        return _Heard(0, [], track.leg_id)
    return _Heard(len(pcm), utterances_of(track, words_of_track(pcm, engine)))
