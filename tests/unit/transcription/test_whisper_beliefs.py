"""What Whisper made up out of noise is not written into a ticket."""

from dataclasses import dataclass, field

import pytest

from transcription.whisper_engine import believable, whole_words, words_of


@dataclass
class Piece:
    word: str
    start: float = 0.0
    end: float = 0.5
    probability: float = 0.9


@dataclass
class Heard:
    text: str
    no_speech_prob: float = 0.05
    avg_logprob: float = -0.4
    compression_ratio: float = 0.9
    start: float = 0.0
    end: float = 4.0
    words: list[Piece] | None = field(default_factory=list)


@pytest.mark.parametrize(
    ("segment", "verdict"),
    [
        (Heard("我要投诉，请马上处理。"), True),
        (Heard("谢谢。", no_speech_prob=0.7), True),  # people do say this
        (Heard("请加字幕。"), True),
        (
            Heard("。。。。。。。。。。", no_speech_prob=0.72, avg_logprob=-0.87),
            False,
        ),  # seen: noise
        (Heard("录音，使用简体中文。", no_speech_prob=0.82), False),  # seen: a tone of 440 Hz
        (Heard("这段普通话录音，使用简体中文。", no_speech_prob=0.31), False),  # seen: silence
        (Heard("请问问问问问问", compression_ratio=33.4, avg_logprob=-0.08), False),  # seen: a tone
        (Heard("字幕由志愿者提供", no_speech_prob=0.8), False),
        (Heard("我要投诉", avg_logprob=-1.3), False),
        (Heard("一二三四五六七八九十甲乙丙丁", start=1.0, end=1.1), False),
        (Heard(" "), False),
    ],
)
def test_believable(segment: Heard, verdict: bool) -> None:
    assert believable(segment) is verdict


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["我", "要", "投诉", "，"], ["我", "要", "投诉，"]),
        (["打", "123", "45", "热线"], ["打", "12345", "热线"]),
        (["用", " Wi", "-", "Fi"], ["用", " Wi-", "Fi"]),
        ([" hello", " world", "."], [" hello", " world."]),
        (["。", "好"], ["好"]),
    ],
)
def test_pieces_become_words(pieces: list[str], words: list[str]) -> None:
    assert [whole.word for whole in whole_words([Piece(piece) for piece in pieces])] == words


def test_a_mark_does_not_change_the_words_time_or_confidence() -> None:
    pieces = [Piece("好", 1.0, 1.2, 0.8), Piece(",", 1.2, 3.0, 0.1)]

    [word] = words_of([Heard("好,", words=pieces), Heard("。。。", words=[Piece("。")])])

    assert (word.text, word.start, word.end, word.confidence) == ("好，", 1.0, 1.2, 0.8)
