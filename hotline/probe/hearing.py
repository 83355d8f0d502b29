"""Room hotline/probe: was a prompt heard? Its sound is looked for in what somebody heard."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

# A prompt that went over a telephone line is this like itself; two others are below a half.
HEARD = 0.8


def sound_of(file: Path) -> NDArray[Any]:
    """A prompt's samples."""
    return np.asarray(soundfile.read(file, dtype="int16")[0])


def how_alike(heard: NDArray[Any], prompt: NDArray[Any]) -> float:
    """Highest normalised correlation of the prompt with any stretch of what was heard."""
    heard, prompt = heard.astype(float), prompt.astype(float)
    length, loudness = len(prompt), float(np.linalg.norm(prompt))
    if len(heard) < length or not loudness:
        return 0.0
    size = 1 << (len(heard) + length).bit_length()
    found = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(prompt, size)), size)
    energy = np.cumsum(np.concatenate([[0.0], heard**2]))
    stretches = np.sqrt(np.maximum(energy[length:] - energy[:-length], 1.0))
    return float((found[: len(stretches)] / (stretches * loudness)).max())
