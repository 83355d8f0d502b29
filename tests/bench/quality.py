"""The quality goal of many calls: when an answer, a notice or a recording was no longer good."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from tests.bench.prompts import p95
from tests.bench.sipp import Answers

ANSWER_MS, PROMPT_MS = 200.0, 500.0
GAP_SECONDS = 0.04
# So much of all tracks may begin a gap in one second: a hiccup of the machine is no limit.
GAP_SHARE = 0.01
STEP = 160  # samples of 20 ms
# Asterisk writes tracks in blocks of two seconds: what is younger is not in the file yet.
UNWRITTEN = 2.5


def broken_at(seen: Answers, until: float) -> float | None:
    """The first of two seconds in a row whose p95 of the answer is too late, or with a failure."""
    if not seen.answered:
        return None
    failed = [at for at, count in seen.failures if count]
    first = min(at for at, _ in seen.answered)
    late_before = False
    for second in range(int(until - first)):
        begins = first + second
        if failed and begins + 1 > failed[0]:
            break
        took = [ms for at, ms in seen.answered if begins <= at < begins + 1]
        late = not took or p95(took) > ANSWER_MS
        if late and late_before:
            return begins - 1
        late_before = late
    return failed[0] if failed else None


def notice_late(notices: list[tuple[float, float | None]]) -> float | None:
    """The first of two notices in a row that began too late."""
    for (at, took), (_, next_took) in pairwise(notices):
        if all(ms is None or ms > PROMPT_MS for ms in (took, next_took)):
            return at
    return None


def torn_at(tracks: list[Path], until: float) -> float | None:
    """The first second in which too many of all tracks begin a gap in their tone."""
    moments = sorted(gap for track in tracks for gap in gaps(track) if gap < until)
    starts = sorted(_starts(track) for track in tracks)
    for number, moment in enumerate(moments):
        begun = sum(moment <= later < moment + 1 for later in moments[number:])
        if begun > GAP_SHARE * sum(start < moment for start in starts):
            return moment
    return None


def _starts(track: Path) -> float:
    found = re.search(r"~(\d{13})~", track.name)
    assert found is not None
    return int(found[1]) / 1000


def gaps(track: Path) -> list[float]:
    """Epoch seconds at which a track begins to miss more than 40 ms of its tone."""
    samples = np.frombuffer(track.read_bytes()[44:], dtype="<i2")
    steps = samples[: len(samples) // STEP * STEP].reshape(-1, STEP)[50:].astype(np.float32)
    quiet = np.concatenate([[False], np.sqrt((steps**2).mean(axis=1)) < 1000, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8))).reshape(-1, 2)
    longer = edges[(edges[:, 1] - edges[:, 0]) * 0.02 > GAP_SECONDS + 1e-6]
    return [_starts(track) + 1.0 + float(first) * 0.02 for first in longer[:, 0]]
