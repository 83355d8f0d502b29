"""Room simulator: reads tones out of recordings: who is heard when, and how long is a gap.

Every role speaks one frequency (see `city.TONES`); a window's energy at that
frequency against the whole says whether that person is heard in it.
"""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from simulator.city import TONES

WINDOW_SECONDS = 0.1
# No gap is longer than so many windows: 0.2 s.
LOOSE = 2
# A voice stays on one of the tones for 0.4 s at most (measured on every prompt).
ON_END = 5
# A tone is there from about a twentieth of full scale on; companding noise is far below.
LEAST_AMPLITUDE = 600.0
# A sentence is looked for syllable by syllable, each as far from its place as late packets move it:
# matched as a whole, one with a single late packet in its middle is half lost.
SYLLABLE_SECONDS = 0.2
SHIFT_SECONDS = 0.1
# A sentence that is this like itself was heard.
HEARD = 0.8


@dataclass(frozen=True)
class Sound:
    """Samples and the epoch second of the first one."""

    samples: NDArray[np.int16]
    rate: int
    starts_at: float

    @property
    def ends_at(self) -> float:
        return self.starts_at + len(self.samples) / self.rate

    def between(self, start: float, end: float) -> NDArray[np.int16]:
        """The samples between two epoch seconds."""
        first = max(0, round((start - self.starts_at) * self.rate))
        return self.samples[first : max(first, round((end - self.starts_at) * self.rate))]


def heard_file(path: Path) -> Sound:
    """A `<number>~<epoch ms>.wav` of the carrier; also while it is still being written."""
    started = int(path.stem.rpartition("~")[2]) / 1000
    content = path.read_bytes()[44:]
    samples = np.frombuffer(content[: len(content) // 2 * 2], dtype="<i2")
    return Sound(samples, 8000, started)


def track_file(path: Path, starts_at: float) -> Sound:
    """A sealed track, placed on the clock."""
    samples, rate = soundfile.read(path, dtype="int16")
    return Sound(samples, rate, starts_at)


def amplitude(samples: NDArray[np.int16], frequency: float, rate: int) -> float:
    """Amplitude of one frequency in these samples (Goertzel's sum, windowed)."""
    if len(samples) < rate // 50:
        return 0.0
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * frequency * np.arange(len(samples)) / rate)
    return float(2 * abs(np.sum(samples * window * turn)) / window.sum())


def who_is_heard(sound: Sound, start: float, end: float) -> set[str]:
    """Roles whose tone is there between two epoch seconds, all the time but for loose gaps.

    A machine that runs many stories at once sends late; `make bench` measures gaps sharply.
    """
    found = windows(sound, start, end)
    runs = (found[first : first + LOOSE + 1] for first in range(max(1, len(found) - LOOSE)))
    return set.intersection(*(set[str]().union(*run) for run in runs))


def anybody_heard(sound: Sound, start: float, end: float) -> set[str]:
    """Roles whose tone is there in at least one tenth of a second."""
    return set.union(*windows(sound, start, end)) if end > start else set()


def heard_on_end(sound: Sound, start: float, end: float) -> set[str]:
    """Roles whose tone is there for half a second on end, which no sentence's own pitch is."""
    found = windows(sound, start, end)
    runs = (found[first : first + ON_END] for first in range(len(found) - ON_END + 1))
    return set[str]().union(*(set.intersection(*run) for run in runs))


def windows(sound: Sound, start: float, end: float) -> list[set[str]]:
    """For each whole window between two moments: the roles heard in it."""
    found = []
    moment = start
    while moment + WINDOW_SECONDS <= end + 1e-6:
        part = sound.between(moment, moment + WINDOW_SECONDS)
        found.append(
            {r for r, tone in TONES.items() if amplitude(part, tone, sound.rate) > LEAST_AMPLITUDE}
        )
        moment += WINDOW_SECONDS
    return found or [set()]


def longest_gap(sound: Sound, role: str, start: float, end: float) -> float:
    """Seconds of the longest time this role is not heard, to 10 ms."""
    step, longest, gap = 0.01, 0.0, 0.0
    moment = start
    while moment + 0.03 <= end:
        part = sound.between(moment, moment + 0.03)
        if amplitude(part, TONES[role], sound.rate) > LEAST_AMPLITUDE:
            gap = 0.0
        else:
            gap += step
            longest = max(longest, gap)
        moment += step
    return longest


def likeness(sound: Sound, sentence: NDArray[np.int16]) -> float:
    """How surely a sentence (of the same rate) is in a sound: above 0.8 it is, below 0.7 it is not.

    Each syllable counts by its energy and by how like it is to what was heard around its place.
    """
    shift = round(SHIFT_SECONDS * sound.rate)
    # The last packets before a hang-up may be missing.
    heard = np.pad(sound.samples.astype(float), (shift, len(sentence) + shift))
    size = 1 << (len(heard) + sound.rate).bit_length()
    spectrum, energy = np.fft.rfft(heard, size), np.cumsum(np.concatenate(([0.0], heard**2)))
    total, place = np.zeros(len(sound.samples)), 0
    pieces = max(1, round(len(sentence) / (SYLLABLE_SECONDS * sound.rate)))
    for syllable in np.array_split(sentence.astype(float), pieces):
        own, length = float(np.sum(syllable**2)), len(syllable)
        loudness = np.sqrt(np.maximum(energy[length:] - energy[:-length], 0.0) * own) + 1e6
        product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(syllable, size)), size)
        like = np.maximum(product[: len(loudness)] / loudness, 0.0)
        around = _greatest(like, 2 * shift + 1)[place : place + len(total)]
        total[: len(around)] += around * own
        place += length
    return float(total.max(initial=0.0) / max(1.0, np.sum(sentence.astype(float) ** 2)))


def _greatest(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """For each place, the greatest of so many values from it on."""
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        values, reach = np.maximum(values[:-step], values[step:]), reach + step
    return values


def write_wav(path: Path, samples: NDArray[np.int16], rate: int = 8000) -> None:
    """A mono WAV of these samples."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
