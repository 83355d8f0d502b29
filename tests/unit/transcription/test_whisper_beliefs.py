"""What Whisper made up out of noise is not written into a ticket."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from transcription.whisper_engine import Speech, believable, whole_words, words_of


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
        (Heard("认证 认证 认证", no_speech_prob=0.95, avg_logprob=-0.99), False),  # seen: a tone
        (Heard("市场监管局 信访专员", no_speech_prob=0.8), False),  # only what it was told
        (Heard("证 证 证 证 证 证 证"), False),  # seen: a tone
        (Heard("作语语语语语语语"), False),  # seen: a tone
        (Heard("对对对，好的。"), True),
        (Heard("市场监管局吗？", no_speech_prob=0.8), True),
        (Heard("市场监管局", no_speech_prob=0.1), True),
    ],
)
def test_believable(segment: Heard, verdict: bool) -> None:
    assert believable(segment, ("市场监管局", "信访专员")) is verdict


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


def test_nothing_is_decoded_beyond_the_last_word() -> None:
    def decoding() -> Iterator[Heard]:
        yield Heard("您好", end=2.0, words=[Piece("您好")])
        yield Heard("再见", end=4.6, words=[Piece("再见")])
        raise AssertionError("the padding was decoded")

    words = words_of(decoding(), [Speech(0.0, 5.0)], seconds=5.0)

    assert [word.text for word in words] == ["您好", "再见"]


def test_what_is_heard_where_nobody_speaks_is_dropped() -> None:
    heard = [
        Heard("您好", start=0.0, end=2.0, words=[Piece("您好")]),
        # Seen: ten seconds of noise, and Whisper is nearly sure of it.
        Heard("设计设计设计设计设计。", start=2.0, end=12.0, words=[Piece("设计。")]),
        Heard("再见", start=12.0, end=14.0, words=[Piece("再见")]),
    ]

    words = words_of(heard, [Speech(0.2, 1.5), Speech(13.9, 15.0)], seconds=60)

    assert [word.text for word in words] == ["您好", "再见"]


def test_a_mark_does_not_change_the_words_time_or_confidence() -> None:
    pieces = [Piece("好", 1.0, 1.2, 0.8), Piece(",", 1.2, 3.0, 0.1)]

    heard = [Heard("好,", words=pieces), Heard("。。。", words=[Piece("。")])]
    [word] = words_of(heard, [Speech(0.0, 60.0)], seconds=60)

    assert (word.text, word.start, word.end, word.confidence) == ("好，", 1.0, 1.2, 0.8)
