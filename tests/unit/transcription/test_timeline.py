"""Tracks become one timeline whose speakers are facts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from transcription.engine import RATE, Pcm
from transcription.timeline import (
    TrackAudio,
    TrackUnreadable,
    join_words,
    merge,
    split_at_pauses,
    utterances_of,
)
from transcription.words import Timeline, Utterance, Word
from transcription.worker import transcribe_call


class EngineThatHears:
    """Hears one word per call: the pitch of the tone, over the whole of what it is given."""

    name, model, language, at_once = "fake", "tones", "zh", 2

    def words(self, pcm: Pcm) -> list[Word]:
        pitch = int(np.argmax(np.abs(np.fft.rfft(pcm)))) * RATE / len(pcm)
        said = f"{round(pitch / 110) * 110}赫兹"
        return [Word(text=said, start=0.3, end=len(pcm) / RATE - 0.3, confidence=1)]


def tone_track(folder: Path, role: str, hertz: int, at: float, offset_ms: int = 0) -> TrackAudio:
    """Ten seconds of silence with one second of tone in it, as FLAC of 8 kHz."""
    samples = np.zeros(80_000)
    samples[int(at * 8000) : int((at + 1) * 8000)] = np.sin(
        2 * np.pi * hertz * np.arange(8000) / 8000
    )
    path = folder / f"{role}.flac"
    soundfile.write(path, samples * 0.3, 8000)
    return TrackAudio(f"leg-{role}", role, path, offset_ms)


def said(text: str, start: float, end: float) -> Word:
    return Word(text=text, start=start, end=end, confidence=0.9)


def test_four_people_on_one_clock(tmp_path: Path) -> None:
    #  clock | who      | tone
    #    1 s | citizen  |  440
    #    3 s | operator |  660   (its track begins 2 s into the call)
    #    6 s | liaison  |  880   (5 s)
    #    9 s | petition | 1100   (8 s)
    tracks = [
        tone_track(tmp_path, "petition", 1100, at=1, offset_ms=8000),
        tone_track(tmp_path, "citizen", 440, at=1),
        tone_track(tmp_path, "liaison", 880, at=1, offset_ms=5000),
        tone_track(tmp_path, "operator", 660, at=1, offset_ms=2000),
    ]

    timeline = transcribe_call(tracks, EngineThatHears(), why="测试。")

    spoken = [(u.role, u.text) for u in timeline.utterances]
    assert spoken == [
        ("citizen", "440赫兹"),
        ("operator", "660赫兹"),
        ("liaison", "880赫兹"),
        ("petition", "1100赫兹"),
    ]
    assert [u.start for u in timeline.utterances] == pytest.approx([1, 3, 6, 9], abs=0.05)
    assert [u.end for u in timeline.utterances] == pytest.approx([2, 4, 7, 10], abs=0.05)
    assert (timeline.why, timeline.engine, timeline.seconds_audio) == ("测试。", "fake", 40.0)
    assert Timeline.model_validate_json(timeline.model_dump_json()) == timeline


def test_one_unreadable_track_costs_only_its_own_words(tmp_path: Path) -> None:
    torn = tmp_path / "torn.flac"
    torn.write_bytes(b"fLaC and no more")
    broken = TrackAudio("leg-9", "operator", torn, 0)

    timeline = transcribe_call(
        [broken, tone_track(tmp_path, "citizen", 440, at=1)], EngineThatHears()
    )

    assert [u.role for u in timeline.utterances] == ["citizen"]
    assert timeline.unreadable == ("leg-9",)
    with pytest.raises(TrackUnreadable):
        transcribe_call([broken], EngineThatHears())


def test_silent_and_empty_tracks_have_no_words(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.flac", np.zeros(0), 8000)
    soundfile.write(tmp_path / "silent.flac", np.zeros(16_000), 8000)
    tracks = [TrackAudio(n, n, tmp_path / f"{n}.flac", 0) for n in ("empty", "silent")]

    assert transcribe_call(tracks, EngineThatHears()).utterances == ()
    assert transcribe_call([], EngineThatHears()).utterances == ()


@pytest.mark.parametrize(
    ("words", "groups"),
    [
        ([], []),
        ([("甲", 0, 1)], ["甲"]),
        ([("甲", 0, 1), ("乙", 1.7, 2)], ["甲乙"]),
        ([("甲", 0, 1), ("乙", 1.8, 2)], ["甲", "乙"]),
        ([("乙", 5, 6), ("甲", 0, 1)], ["甲", "乙"]),
        ([("甲", 0, 1), ("乙", 0.9, 2), ("丙", 4, 5)], ["甲乙", "丙"]),
    ],
)
def test_utterances_split_at_pauses(
    words: Sequence[tuple[str, float, float]], groups: list[str]
) -> None:
    found = split_at_pauses([said(*word) for word in words])
    assert ["".join(word.text for word in group) for group in found] == groups


def _u(leg: str, start: float, end: float) -> Utterance:
    return Utterance(leg_id=leg, role=leg, start=start, end=end, text=leg, words=())


@pytest.mark.parametrize(
    ("spoken", "order"),
    [
        ([], ""),
        ([[], []], ""),
        ([[_u("a", 0, 1), _u("b", 4, 5)], [_u("c", 2, 3)]], "acb"),
        ([[_u("a", 0, 9)], [_u("b", 3, 4)]], "ab"),  # spoken into the other's sentence
        ([[_u("a", 1, 9)], [_u("b", 1, 2)]], "ba"),  # together: the shorter first
        ([[_u("b", 1, 2)], [_u("a", 1, 2)]], "ab"),  # the same moment: always the same order
    ],
)
def test_merge(spoken: list[list[Utterance]], order: str) -> None:
    assert "".join(utterance.leg_id for utterance in merge(spoken)) == order


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["我", "要", "投诉"], "我要投诉"),
        (["hello", "world"], "hello world"),
        (["안녕하세요", "여보세요"], "안녕하세요 여보세요"),
        (["请", "关", "Wi-Fi", "吧"], "请关Wi-Fi吧"),
        (["价格。", "请"], "价格。请"),
        (["拨打", "12345", "热线"], "拨打12345热线"),
        ([], ""),
    ],
)
def test_chinese_is_joined_without_spaces(texts: list[str], joined: str) -> None:
    assert join_words(texts) == joined


def test_a_track_that_began_before_the_clock_cannot_speak_before_it() -> None:
    track = TrackAudio("l", "citizen", Path("x"), -40)
    [utterance] = utterances_of(track, [said("喂", 0.02, 0.3)])
    assert (utterance.start, utterance.words[0].end) == (0.0, 0.28)
