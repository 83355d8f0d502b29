"""Room transcription: faster-whisper, the second engine, where no Chinese Vosk model is at hand.

Always offline. Whisper invents sentences where nobody speaks: silence is cut
out before it listens, what it hears where Silero (the detector of speech that
comes with it) hears nobody is dropped, and what it doubts itself is not believed.
"""

import os
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from transcription.engine import RATE, ModelUnusable, Pcm
from transcription.words import Word

# Whisper answers in the script it is spoken to; this keeps it with simplified characters.
SIMPLIFIED = "以下是一段普通话的通话录音，使用简体中文。"
# What a 12345 call is about; a city adds its own offices and places.
HOTLINE_WORDS = (
    "市场监管局", "住建局", "城管局", "卫健委", "人社局", "教育局", "生态环境局", "信访局",
    "信访专员", "话务员", "联络员", "值班领导", "街道办", "物业", "投诉", "办结",
)  # fmt: skip
TAIL = 0.5  # seconds: after a cut track's last word there is only padding, and Whisper fills it
MOST_NO_SPEECH = 0.6
UNSURE_LOGPROB = -0.8
LEAST_LOGPROB = -1.0  # Whisper's own limit for "this went wrong"
MOST_COMPRESSION = 2.4  # the same: above it the text repeats itself
MOST_CHARACTERS_A_SECOND = 20.0  # nobody talks twice as fast as a newsreader
# What it invents in Chinese: closing words of films, and pieces of the prompt above.
NOT_SAID = ("字幕", "明镜与点点", "点赞", "谢谢观看", "感谢观看")
PROMPT_LEAK = "简体中文"
STUCK = re.compile(r"(\w{1,4}?)\W*(?:\1\W*){5,}")  # 对对对 is speech, six in a row is a tone
SPOKEN = re.compile(r"\w")
WIDE = str.maketrans(",?!;:", "，？！；：")
LATIN = re.compile(r"[A-Za-z0-9]")


class HeardWord(Protocol):
    """The part of faster-whisper's word that is used; `word` may begin with a space."""

    word: str
    start: float
    end: float
    probability: float


class Segment(Protocol):
    """The part of faster-whisper's segment that is used."""

    text: str
    start: float
    end: float
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float

    @property
    def words(self) -> Iterable[HeardWord] | None: ...


class Speech(NamedTuple):
    """Somebody speaks from `start` to `end` (seconds)."""

    start: float
    end: float


class WhisperEngine:
    """One shared model, int8 on the CPU."""

    name = "faster-whisper"
    at_once = 1  # it spreads one track over the cores by itself

    def __init__(
        self,
        folder: Path,
        language: str = "zh",
        cpu_threads: int = 2,
        hotwords: Sequence[str] = HOTLINE_WORDS,
    ) -> None:
        self.model = folder.name
        self.language = language
        self._model = load(folder.resolve(), cpu_threads)
        self._prompt = SIMPLIFIED if language == "zh" else None
        self._hotwords = tuple(hotwords)

    def words(self, pcm: Pcm) -> list[Word]:
        """See `Engine.words`."""
        samples = pcm.astype(np.float32) / np.float32(32768)
        speech = speech_in(samples) if pcm.size else []
        if not speech:
            return []
        segments, _ = self._model.transcribe(
            samples,
            language=self.language,
            initial_prompt=self._prompt,
            hotwords=" ".join(self._hotwords) or None,
            word_timestamps=True,
            temperature=0.0,  # no second tries: noise would cost minutes and still be noise
            condition_on_previous_text=False,  # one invention must not breed the next
        )
        return words_of(segments, speech, len(pcm) / RATE, self._hotwords)


def speech_in(samples: NDArray[np.float32]) -> list[Speech]:
    """Where Silero hears a voice in mono sound of `RATE` Hz within ±1, 0.4 s wider on both sides.

    It knows a voice from noise and tones at 5 dB below the noise: 2 ms of CPU a second.
    """
    from faster_whisper.vad import get_speech_timestamps

    return [
        Speech(one["start"] / RATE, one["end"] / RATE) for one in get_speech_timestamps(samples)
    ]


def words_of(
    segments: Iterable[Segment],
    speech: Sequence[Speech],
    seconds: float,
    hotwords: Sequence[str] = (),
) -> list[Word]:
    """Believable segments in which somebody speaks → words.

    Segments are decoded as they are asked for. The one that reaches the end is
    the last asked for: beyond it lies padding, which costs seconds of CPU to
    decode and comes back as invented text.
    """
    found: list[Word] = []
    for segment in segments:
        spoken = any(segment.start < one.end and one.start < segment.end for one in speech)
        if spoken and believable(segment, hotwords):
            found += [_word(heard) for heard in whole_words(segment.words or ())]
        if segment.end >= seconds - TAIL:
            break
    return found


def believable(segment: Segment, hotwords: Sequence[str] = ()) -> bool:
    """Was this said, or did Whisper make it up out of noise?"""
    text = segment.text.strip()
    if not SPOKEN.search(text) or PROMPT_LEAK in text or STUCK.search(text):
        return False
    if len(text) > MOST_CHARACTERS_A_SECOND * max(segment.end - segment.start, 0.5):
        return False
    if segment.compression_ratio > MOST_COMPRESSION or segment.avg_logprob < LEAST_LOGPROB:
        return False
    if segment.no_speech_prob <= MOST_NO_SPEECH:
        return True
    # Nobody seems to speak: believe neither a doubtful text nor what it was told to expect.
    rest = text
    for expected in hotwords:
        rest = rest.replace(expected, "")
    invented = not SPOKEN.search(rest) or any(words in text for words in NOT_SAID)
    return not invented and segment.avg_logprob >= UNSURE_LOGPROB


def whole_words(heard: Iterable[HeardWord]) -> list[HeardWord]:
    """In Chinese text Whisper splits `12345` and `Wi-Fi` into pieces; put them together."""
    whole: list[HeardWord] = []
    for piece in heard:
        if not SPOKEN.search(piece.word) and not whole:
            continue
        if whole and _continues(whole[-1].word, piece.word):
            whole[-1] = _Joined(whole[-1], piece)
        else:
            whole.append(piece)
    return whole


def _continues(before: str, piece: str) -> bool:
    if not SPOKEN.search(piece):
        return True  # a punctuation mark belongs to the word before it
    return bool(LATIN.match(piece) and LATIN.match(before[-1]))  # " A" begins a new word


class _Joined:
    """Two pieces of one word; as sure as the less sure of them."""

    def __init__(self, first: HeardWord, second: HeardWord) -> None:
        spoken = bool(SPOKEN.search(second.word))
        self.word = first.word + second.word.strip()
        self.start = first.start
        self.end = second.end if spoken else first.end
        self.probability = min(first.probability, second.probability if spoken else 1.0)


def chinese_marks(text: str) -> str:
    """Whisper mixes `,` into Chinese; readers expect `，`."""
    return text[:-1] + text[-1:].translate(WIDE) if text[:-1] and text[-2] > "\u2e80" else text


def _word(heard: HeardWord) -> Word:
    start = max(float(heard.start), 0.0)
    return Word(
        text=chinese_marks(heard.word.strip()),
        start=round(start, 3),
        end=round(max(float(heard.end), start), 3),
        confidence=round(min(max(float(heard.probability), 0.0), 1.0), 3),
    )


@cache
def load(folder: Path, cpu_threads: int) -> Any:
    """Load once per process; `ModelUnusable` says what is wrong."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when faster_whisper is imported
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise ModelUnusable("faster-whisper is not installed (extra speech-models)") from error
    if not (folder / "model.bin").is_file():
        raise ModelUnusable(f"{folder} holds no Whisper model")
    try:
        return WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=cpu_threads,
            local_files_only=True,
        )
    except Exception as error:  # CTranslate2 and tokenizers raise what they like
        raise ModelUnusable(f"{folder} is damaged: faster-whisper cannot load it") from error
