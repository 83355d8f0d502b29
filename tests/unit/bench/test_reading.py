"""How a ramp's limit and a prompt's beginning are read from what was measured."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from simulator.ears import Sound
from tests.bench.climb import Look, Seen
from tests.bench.keys import where
from tests.bench.quality import broken_at, gaps, notice_late, torn_at
from tests.bench.sipp import Answers

RATE = 8000
START = 1_000_000.0


def answers(*ms_of_each_second: float, rate: int = 10) -> Answers:
    """So many calls a second, all of one second answered after the same time."""
    return Answers(
        [
            (START + second + n / rate, ms)
            for second, ms in enumerate(ms_of_each_second)
            for n in range(rate)
        ]
    )


def test_two_late_seconds_in_a_row_are_the_limit_and_one_is_not() -> None:
    seen = answers(5, 300, 5, 5, 300, 300, 5)
    assert broken_at(seen, START + 4) is None
    assert broken_at(seen, START + 7) == START + 4
    assert Seen(seen).rate(START + 4) == 10


def test_a_second_without_an_answer_is_a_late_one() -> None:
    seen = answers(5, 5)
    assert broken_at(seen, START + 4) == START + 2


def test_a_failed_call_is_the_limit() -> None:
    seen = answers(5, 5, 5, 5)
    seen.failures = [(START + 1.5, 0), (START + 2.5, 1)]
    assert broken_at(seen, START + 4) == START + 2.5


def test_two_late_notices_in_a_row_are_the_limit() -> None:
    assert notice_late([(1, 120), (2, 600), (3, 130), (4, 900)]) is None
    assert notice_late([(1, 120), (2, 600), (3, None), (4, 900)]) == 2


def test_what_a_core_carries_is_read_from_what_the_calls_cost_at_last() -> None:
    # 10 calls more a second; a call at once costs 4 ms a second, a set-up 20 ms once.
    seen = Seen(answers(*[5] * 30))
    spent = 0.0
    for second in range(30):
        seen.looks.append(Look(START + second, spent))
        spent += 0.004 * seen.up(START + second)
    assert seen.calls_a_core(START + 29) == pytest.approx(250)
    seen.looks = [Look(START + second, 0.2 * second) for second in range(30)]
    assert seen.set_ups_a_core(START + 29) == pytest.approx(50)
    assert seen.core_used(START + 29) == pytest.approx(0.2)


def track(folder: Path, starts: float, *, torn_at_second: float | None = None) -> Path:
    """Ten seconds of a tone, with 60 ms of nothing in it if wanted."""
    folder = folder / str(starts)
    folder.mkdir()
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE)).astype(np.int16)
    if torn_at_second is not None:
        first = round(torn_at_second * RATE)
        tone[first : first + 480] = 0
    path = folder / f"citizen~{starts * 1000:.0f}~said.wav"
    soundfile.write(path, tone, RATE)
    return path


def test_a_gap_of_60_ms_is_found_where_it_is(tmp_path: Path) -> None:
    assert gaps(track(tmp_path, 1_700_000_000.0)) == []
    torn = track(tmp_path, 1_700_000_100.0, torn_at_second=4.0)
    assert gaps(torn) == [pytest.approx(1_700_000_104.0, abs=0.02)]


def test_more_than_one_track_in_a_hundred_torn_in_a_second_is_the_limit(tmp_path: Path) -> None:
    starts = 1_700_000_000.0
    tracks = [track(tmp_path, starts + n / 1000) for n in range(149)]
    alone = track(tmp_path, starts + 0.2, torn_at_second=3.0)
    second = track(tmp_path, starts + 0.3, torn_at_second=6.0)
    third = track(tmp_path, starts + 0.4, torn_at_second=6.0)
    until = starts + 11
    assert torn_at([*tracks, alone, second], until) is None
    assert torn_at([*tracks, alone, second, third], until) == pytest.approx(starts + 6.3, abs=0.02)


def test_a_prompt_is_found_where_it_begins_and_nowhere_in_another() -> None:
    noise = np.random.default_rng(12345)
    prompt = noise.normal(0, 4000, RATE).astype(np.int16)
    heard = noise.normal(0, 100, 4 * RATE)
    heard[2 * RATE : 3 * RATE] += prompt
    sound = Sound(heard.astype(np.int16), RATE, START)
    assert where(prompt, sound, START + 1) == pytest.approx(START + 2, abs=0.002)
    other = noise.normal(0, 4000, RATE).astype(np.int16)
    assert where(other, sound, START + 1) is None
