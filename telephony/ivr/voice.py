"""Room telephony/ivr: makes a prompt of any sound file: 8 kHz, mono, 16 bit, of a fit length
and level, and puts it among the city's own."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from telephony.ivr.prompts import put_whole

RATE = 8000
SHORTEST_SECONDS, LONGEST_SECONDS = 0.3, 60.0
# -3 dBFS, like the prompts of the repository; quieter than -34 dBFS is noise, not a voice.
PEAK, QUIETEST = 0.7, 0.02
# Samples at full scale: more than this share of them is a microphone turned up too far.
MOST_CLIPPED = 0.005


class NotAPrompt(ValueError):
    """The file cannot be a prompt; the message says why."""


def read_voice(source: Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    """The samples of a prompt made from this file; `NotAPrompt`."""
    try:
        sound, rate = soundfile.read(source, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise NotAPrompt(f"{source}: {error}") from None
    seconds = len(sound) / rate
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        limits = f"{SHORTEST_SECONDS:g}–{LONGEST_SECONDS:g} s"
        raise NotAPrompt(f"{source}: {seconds:.1f} s long; a prompt takes {limits}")
    mono = sound.mean(axis=1)
    peak = float(np.abs(mono).max())
    if peak < QUIETEST:
        raise NotAPrompt(f"{source}: too quiet ({20 * np.log10(max(peak, 1e-6)):.0f} dBFS)")
    if float((np.abs(sound) >= 0.999).mean()) > MOST_CLIPPED:
        raise NotAPrompt(f"{source}: overdriven; record it again with the level turned down")
    at_8k = mono if rate == RATE else soxr.resample(mono, rate, RATE)
    loudest = float(np.abs(at_8k).max()) or 1.0
    return np.asarray(at_8k / loudest * PEAK * 32767, dtype=np.int16)


def put_voice(samples: np.ndarray[Any, np.dtype[np.int16]], target: Path) -> float:
    """Write them as a whole or not at all; the seconds they take."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with put_whole(target) as half, wave.open(str(half), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return len(samples) / RATE
