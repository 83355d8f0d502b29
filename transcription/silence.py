"""Room transcription: where somebody speaks in a track, so that silence costs no decoding.

A citizen's track is silent while the operator talks. Silence is cut out before
decoding and every word is put back to its true moment afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from transcription.engine import RATE, Pcm
from transcription.words import Word

FRAME = RATE // 50  # 20 ms
QUIETEST_SPEECH_DB = -50.0  # dBFS of a frame; line noise of a bad trunk lies near -55
LOUDEST_THRESHOLD_DB = -35.0  # never ask for more than this, however noisy the line is
ABOVE_NOISE_DB = 9.0
HYSTERESIS_DB = 6.0
PADDING = int(0.3 * RATE)  # soft consonants and breath around what is loud
FLOOR_DB = -96.0


@dataclass(frozen=True)
class Span:
    """Samples `start` (included) to `end` (excluded)."""

    start: int
    end: int


def speech_spans(pcm: Pcm) -> list[Span]:
    """Where the track is not silent: padded, in order, never touching one another."""
    level = _frame_levels(pcm)
    if not level.size:
        return []
    opens = _threshold(level)
    loud = _with_hysteresis(level, opens, opens - HYSTERESIS_DB)
    edges = np.flatnonzero(np.diff(loud.astype(np.int8), prepend=0, append=0))
    found = [Span(int(a) * FRAME, int(b) * FRAME) for a, b in edges.reshape(-1, 2)]
    return _padded(found, len(pcm))


@dataclass(frozen=True)
class Shortened:
    """A track without its silence, and the way back to the true times."""

    pcm: Pcm
    spans: Sequence[Span]

    def restore(self, words: Sequence[Word]) -> list[Word]:
        """Put words decoded from `pcm` back to their moments in the whole track."""
        return [self._restored(word) for word in words] if self.spans else []

    def _restored(self, word: Word) -> Word:
        """A word belongs to the span its middle lies in, and cannot reach out of it."""
        lengths = [span.end - span.start for span in self.spans]
        ends = np.cumsum(lengths)
        middle = (word.start + word.end) / 2 * RATE
        index = min(int(np.searchsorted(ends, middle, side="right")), len(lengths) - 1)
        span, before = self.spans[index], int(ends[index]) - lengths[index]
        start = _clamped(word.start * RATE - before + span.start, span) / RATE
        end = _clamped(word.end * RATE - before + span.start, span) / RATE
        return word.model_copy(update={"start": round(start, 3), "end": round(end, 3)})


def without_silence(pcm: Pcm) -> Shortened:
    """Cut the silence out; the padding left on both sides is the pause an engine hears."""
    spans = speech_spans(pcm)
    parts = [pcm[span.start : span.end] for span in spans]
    return Shortened(np.concatenate(parts) if parts else pcm[:0], spans)


def _frame_levels(pcm: Pcm) -> NDArray[np.float64]:
    """Loudness of each 20 ms in dBFS; a last partial frame is filled with silence."""
    missing = -len(pcm) % FRAME
    frames = np.pad(pcm, (0, missing)).reshape(-1, FRAME).astype(np.float32)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / FRAME
    level: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-9) / 32768.0**2)
    return np.maximum(level, FLOOR_DB)


def _threshold(level: NDArray[np.float64]) -> float:
    """Above the line's own noise; somebody who never pauses does not hide himself."""
    noise = float(np.percentile(level, 10))
    return min(max(noise + ABOVE_NOISE_DB, QUIETEST_SPEECH_DB), LOUDEST_THRESHOLD_DB)


def _with_hysteresis(level: NDArray[np.float64], opens: float, closes: float) -> NDArray[np.bool_]:
    """Loud from `opens` on until the level falls below `closes`."""
    decided = (level >= opens) | (level < closes)
    last = np.maximum.accumulate(np.where(decided, np.arange(level.size), -1))
    return (last >= 0) & (level[np.maximum(last, 0)] >= opens)


def _padded(spans: Sequence[Span], length: int) -> list[Span]:
    """Widen each span and join those that meet."""
    wide = [Span(max(s.start - PADDING, 0), min(s.end + PADDING, length)) for s in spans]
    if not wide:
        return []
    cuts = [i for i, (a, b) in enumerate(pairwise(wide), 1) if b.start > a.end]
    groups = np.split(np.arange(len(wide)), cuts)
    return [Span(wide[int(g[0])].start, wide[int(g[-1])].end) for g in groups]


def _clamped(sample: float, span: Span) -> float:
    return min(max(sample, span.start), span.end)
