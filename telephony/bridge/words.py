"""Room telephony/bridge: the citizen's words so far, pauses cut out, for a partner to hear.

The track is still being written: its header is not finished, and what Asterisk holds back
in its buffer (up to 2 s) is not there yet. So samples are read raw, and that is enough.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 8000
HEADER_BYTES = 44
FRAME = RATE // 50  # 20 ms
QUIETEST_SPEECH_DB, LOUDEST_THRESHOLD_DB = -50.0, -35.0
ABOVE_NOISE_DB = 9.0
# Soft consonants and a breath stay around what is loud; more of a pause than that does not.
PADDING_FRAMES = 12
# A dispatcher has no more time than this: the newest words.
LONGEST_SECONDS = 120
# Of a very long call this much is looked through, so that it is ready within a second.
LOOKED_THROUGH_SECONDS = 1200

Samples = NDArray[np.int16]


def without_pauses(samples: Samples) -> Samples:
    """Only where somebody speaks, at most `LONGEST_SECONDS`, the newest."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return samples[:0]
    loudness = frames.astype(np.float32)
    power = np.einsum("ij,ij->i", loudness, loudness) / FRAME
    level = 10 * np.log10(np.maximum(power, 1e-3) / 32768.0**2)
    noise = float(np.percentile(level, 10))
    loud = level >= min(max(noise + ABOVE_NOISE_DB, QUIETEST_SPEECH_DB), LOUDEST_THRESHOLD_DB)
    around = np.convolve(loud, np.ones(2 * PADDING_FRAMES + 1), mode="full")
    kept = frames[around[PADDING_FRAMES:-PADDING_FRAMES] > 0.5]
    return kept.reshape(-1)[-LONGEST_SECONDS * RATE :]


def recorded_so_far(track: Path) -> Samples:
    """The newest whole samples of a WAV that Asterisk is still writing."""
    with track.open("rb") as file:
        whole = max(0, track.stat().st_size - HEADER_BYTES) // 2
        newest = min(whole, LOOKED_THROUGH_SECONDS * RATE)
        file.seek(HEADER_BYTES + 2 * (whole - newest))
        return np.frombuffer(file.read(2 * newest), dtype="<i2")


@dataclass(frozen=True)
class Words:
    """Where tracks lie and where what is to be played is laid, for Asterisk's eyes alone.

    `inside` is what Asterisk calls the folder `played`; `owner` its user and group.
    """

    tracks: Path
    played: Path
    inside: str
    owner: tuple[int, int]

    def prepare(self, call_id: str, citizen_leg: str, listener: str) -> tuple[str, float]:
        """Blocking. Asterisk's name of a file for this listener, and its seconds; "" for none."""
        found = sorted((self.tracks / call_id).glob(f"citizen~*~{citizen_leg}~said.wav"))
        said = [without_pauses(recorded_so_far(track)) for track in found]
        samples = np.concatenate(said) if said else np.zeros(0, np.int16)
        if not len(samples):
            return "", 0.0
        self._make_folder()
        path = self.played / f"{call_id}~{listener}.wav"
        handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            soundfile.write(file, samples, RATE, subtype="PCM_16", format="WAV")
        os.chown(path, *self.owner)
        return f"{self.inside}/{path.stem}", round(len(samples) / RATE, 1)

    def forget(self, call_id: str) -> None:
        """The call is over: nothing of it is left to be heard here."""
        # A pattern with the call's id in it would be compiled, and kept, for each call.
        self._forget(lambda whose: whose == call_id)

    def forget_all_but(self, call_ids: Iterable[str]) -> None:
        """After a restart: what was laid down for calls that are over."""
        live = set(call_ids)
        self._forget(lambda whose: whose not in live)

    def _forget(self, is_over: Callable[[str], bool]) -> None:
        for path in self.played.glob("*.wav"):
            if is_over(path.name.partition("~")[0]):
                path.unlink(missing_ok=True)

    def _make_folder(self) -> None:
        self.played.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.played, *self.owner)
