"""Room transcription: the small protocol every speech engine fills."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from transcription.words import Word

RATE = 16_000  # what both engines listen at; telephone audio is resampled before

Pcm = NDArray[np.int16]


class ModelUnusable(Exception):
    """The speech model is missing, incomplete or damaged. Whoever installed it must act."""


class Engine(Protocol):
    """One loaded model. Each call of `words` uses a recogniser of its own."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def language(self) -> str: ...

    @property
    def at_once(self) -> int:
        """How many tracks it may be given side by side, in threads."""
        ...

    def words(self, pcm: Pcm) -> list[Word]:
        """16 kHz mono in; words out, their times counted from the first sample."""
        ...
