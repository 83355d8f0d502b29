"""Room transcription: the one function a worker process runs for a call."""

from collections.abc import Sequence
from time import monotonic

from transcription.engine import RATE, Engine
from transcription.timeline import (
    TrackAudio,
    TrackUnreadable,
    merge,
    read_track,
    utterances_of,
    words_of_track,
)
from transcription.words import Timeline, Utterance


def transcribe_call(tracks: Sequence[TrackAudio], engine: Engine, why: str = "") -> Timeline:
    """Every track, one at a time, into one timeline. Blocking: seconds to minutes of CPU.

    One unreadable track costs only its own words; `TrackUnreadable` is raised
    when none can be read, `ModelUnusable` when the model breaks down.
    """
    began = monotonic()
    spoken: list[list[Utterance]] = []
    unreadable: list[str] = []
    samples = 0
    for track in tracks:
        try:
            pcm = read_track(track.path)
        except TrackUnreadable:
            unreadable.append(track.leg_id)
            continue
        samples += len(pcm)
        spoken.append(utterances_of(track, words_of_track(pcm, engine)))
    if tracks and not spoken:
        raise TrackUnreadable(f"none of {len(tracks)} tracks can be opened")
    return Timeline(
        utterances=merge(spoken),
        engine=engine.name,
        model=engine.model,
        why=why,
        language=engine.language,
        seconds_audio=round(samples / RATE, 3),
        seconds_spent=round(monotonic() - began, 3),
        unreadable=tuple(unreadable),
    )
