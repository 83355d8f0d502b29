"""Silence is cut out, and every word comes back to its true moment."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.engine import RATE, Pcm
from transcription.silence import PADDING, Span, speech_spans, without_silence
from transcription.words import Word

SILENCE, TONE = 0.0, 6000.0

# What a track is made of: (seconds in tenths, loud or not), one after another.
sections = st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=12)


def track(*parts: tuple[float, float]) -> Pcm:
    """Parts of (seconds, loudness) → samples."""
    waves = [
        loud * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)
        for seconds, loud in parts
    ]
    return np.concatenate([*waves, np.zeros(0)]).astype(np.int16)


def built(parts: list[tuple[int, bool]]) -> Pcm:
    return track(*[(tenths / 10, TONE if loud else SILENCE) for tenths, loud in parts])


def seconds(spans: list[Span]) -> list[tuple[float, float]]:
    return [(span.start / RATE, span.end / RATE) for span in spans]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([(3, SILENCE)], []),
        ([(3, TONE)], [(0.0, 3.0)]),
        ([(5, SILENCE), (1, TONE), (5, SILENCE)], [(4.7, 6.3)]),
        ([(1, TONE), (0.5, SILENCE), (1, TONE)], [(0.0, 2.5)]),
        ([(1, TONE), (4, SILENCE), (1, TONE)], [(0.0, 1.3), (4.7, 6.0)]),
        # Between the two thresholds: it neither begins an utterance nor ends one.
        ([(2, SILENCE), (1, TONE), (1, 100.0), (2, SILENCE)], [(1.7, 4.3)]),
        ([(2, SILENCE), (1, 100.0), (2, SILENCE)], []),
    ],
)
def test_spans(parts: list[tuple[float, float]], expected: list[tuple[float, float]]) -> None:
    found = seconds(speech_spans(track(*parts)))
    assert np.array(found) == pytest.approx(np.array(expected), abs=0.021)


def test_a_noisy_line_is_silence_and_speech_above_it_is_not() -> None:
    noise = np.random.default_rng(7).normal(0, 120, 10 * RATE)  # about -49 dBFS
    noise[4 * RATE : 5 * RATE] += track((1, TONE))

    [(start, end)] = seconds(speech_spans(noise.astype(np.int16)))

    assert (start, end) == pytest.approx((3.7, 5.3), abs=0.05)


@given(sections)
@settings(deadline=None, max_examples=60)
def test_nothing_loud_is_lost_and_spans_are_in_order(parts: list[tuple[int, bool]]) -> None:
    pcm = built(parts)
    inside = np.zeros(len(pcm), bool)
    last_end = -1
    for span in speech_spans(pcm):
        assert last_end < span.start < span.end <= len(pcm)
        inside[span.start : span.end] = True
        last_end = span.end

    assert not np.any(np.abs(pcm[~inside]) > 1000)


@given(sections)
@settings(deadline=None, max_examples=60)
def test_long_silence_is_always_cut(parts: list[tuple[int, bool]]) -> None:
    loud = sum(tenths for tenths, is_loud in parts if is_loud) * RATE / 10
    bursts = sum(is_loud for _, is_loud in parts)
    short = without_silence(built(parts))

    # A burst's two paddings, and the frame at each of its edges.
    assert len(short.pcm) <= loud + bursts * 2 * (PADDING + RATE / 50)


@given(sections.filter(lambda parts: any(loud for _, loud in parts)), st.data())
@settings(deadline=None, max_examples=60)
def test_a_moment_comes_back_exactly(parts: list[tuple[int, bool]], data: st.DataObject) -> None:
    short = without_silence(built(parts))
    true = data.draw(st.sampled_from([span.start for span in short.spans]))
    before = sum(span.end - span.start for span in short.spans if span.end <= true)

    heard = Word(text="字", start=before / RATE, end=before / RATE + 0.2, confidence=1)

    [word] = short.restore([heard])
    assert word.start == pytest.approx(true / RATE, abs=0.001)


def test_a_word_cannot_reach_out_of_its_span() -> None:
    short = without_silence(track((5, SILENCE), (1, TONE), (5, SILENCE), (1, TONE)))
    # The first span is 1.6 s long; an engine stretched this word over the cut.
    [word] = short.restore([Word(text="好", start=1.0, end=2.0, confidence=1)])

    assert (word.start, word.end) == pytest.approx((5.7, 6.3), abs=0.03)
