"""Room recording: reads a WAV whose header Asterisk could not finish (RIFF sizes 0 after kill -9).

The file itself is left as it is; what comes back are its samples.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
_DEFAULT_HEADER = 44


@dataclass(frozen=True)
class Pcm:
    """8 kHz mono samples; `repaired` where the header was not to be believed."""

    samples: NDArray[np.int16]
    rate: int
    repaired: bool

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def read_wav(path: Path) -> Pcm:
    """Every whole sample in the file, whatever its header says; an empty file has none."""
    content = path.read_bytes()
    start, stated, rate = _data_chunk(content)
    there = len(content) - start
    repaired = stated != there or len(content) < _DEFAULT_HEADER
    usable = max(0, there - there % 2)
    samples = np.frombuffer(
        content, dtype="<i2", count=usable // 2, offset=min(start, len(content))
    )
    return Pcm(samples, rate, repaired)


def _data_chunk(content: bytes) -> tuple[int, int, int]:
    """Offset and stated size of the samples, and the rate; the usual ones where unreadable."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return min(_DEFAULT_HEADER, len(content)), -1, RATE
    place, rate = 12, RATE
    while place + 8 <= len(content):
        name, size = content[place : place + 4], struct.unpack_from("<I", content, place + 4)[0]
        if name == b"data":
            return place + 8, size, rate
        if name == b"fmt " and place + 16 <= len(content):
            rate = struct.unpack_from("<I", content, place + 12)[0] or RATE
        place += 8 + size + size % 2
    return min(_DEFAULT_HEADER, len(content)), -1, rate
