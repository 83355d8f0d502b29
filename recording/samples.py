"""Room recording: the samples of a call's tracks, and the files that hold none we understand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recording.repair import NotMendable, mend
from recording.spool import SpoolTrack


class SpoolKept(RuntimeError):
    """The call could not be sealed; everything is still in the spool."""


@dataclass(frozen=True)
class Pcm:
    """A track's samples. `repaired`: the header was not to be believed."""

    samples: NDArray[np.int16]
    rate: int
    repaired: bool

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def _in_order(tracks: Sequence[SpoolTrack]) -> list[SpoolTrack]:
    """By their first moment; those that do not tell it last."""
    return sorted(tracks, key=lambda track: (track.start_ms is None, track.start_ms or 0))


def read_all(
    tracks: Sequence[SpoolTrack],
) -> tuple[list[tuple[SpoolTrack, Pcm]], list[tuple[SpoolTrack, bytes]]]:
    """The tracks with their samples, and the files that hold none we understand."""
    read: list[tuple[SpoolTrack, Pcm]] = []
    unreadable: list[tuple[SpoolTrack, bytes]] = []
    for track in _in_order(tracks):
        try:
            raw = track.path.read_bytes()
        except OSError as error:
            raise SpoolKept(f"{track.source}: {error}") from error
        try:
            read.append((track, _samples(raw)))
        except NotMendable:
            unreadable.append((track, raw))
    return read, unreadable


def _samples(raw: bytes) -> Pcm:
    mended = mend(raw)
    # 16-bit PCM is what `mend` lets through: these bytes are the samples.
    samples = np.frombuffer(mended.pcm, "<i2")
    if mended.channels > 1:
        samples = samples.reshape(-1, mended.channels)
    return Pcm(samples, mended.rate, mended.repaired)
