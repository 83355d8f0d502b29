"""The citizen's words so far: pauses cut out of a track that is still being written."""

import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from telephony.bridge.words import LONGEST_SECONDS, RATE, Words, recorded_so_far, without_pauses

Samples = NDArray[np.int16]


def tone(seconds: float, level: float = 0.3) -> Samples:
    times = np.arange(int(seconds * RATE)) / RATE
    return (level * 32767 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)


def silence(seconds: float, noise: float = 0.0) -> Samples:
    rng = np.random.default_rng(7)
    return (noise * 32767 * rng.standard_normal(int(seconds * RATE))).astype(np.int16)


def spoken(*parts: Samples) -> Samples:
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("track", "seconds"),
    [
        (silence(0), 0.0),
        (tone(0.01), 0.0),
        (silence(10), 0.0),
        (silence(10, noise=0.001), 0.0),
        (tone(5), 5.0),
        # A breath (a quarter of a second) stays on both sides.
        (spoken(silence(5), tone(2), silence(5)), 2.5),
        (spoken(tone(2), silence(5), tone(1), silence(3)), 3.7),
        (spoken(silence(5, 0.001), tone(2), silence(5, 0.001)), 2.5),
        (spoken(silence(5, 0.001), tone(2, level=0.02), silence(5, 0.001)), 2.5),
        (tone(3 * LONGEST_SECONDS), LONGEST_SECONDS),
    ],
    ids=[
        "nothing", "less than a frame", "silence", "a noisy line", "no pause",
        "a pause on each side", "a pause between", "a noisy line with words",
        "a low voice on a noisy line",        "more than a dispatcher has time for",
    ],
)  # fmt: skip
def test_what_is_left_without_pauses(track: Samples, seconds: float) -> None:
    assert len(without_pauses(track)) / RATE == pytest.approx(seconds, abs=0.1)


def test_the_newest_words_are_kept() -> None:
    early, late = tone(LONGEST_SECONDS), tone(LONGEST_SECONDS / 2, level=0.6)
    kept = without_pauses(spoken(early, late))
    assert np.abs(kept[-RATE:]).max() > 0.5 * 32767
    assert np.abs(kept[:RATE]).max() < 0.4 * 32767


def unfinished(samples: Samples) -> bytes:
    """As Asterisk leaves it while it writes: the sizes are nought, a sample may be torn."""
    head = b"RIFF" + struct.pack("<I", 0) + b"WAVEfmt " + struct.pack("<I", 16)
    head += struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16) + b"data" + struct.pack("<I", 0)
    return head + samples.tobytes() + b"\x01"


@pytest.fixture
def words(tmp_path: Path) -> Words:
    (tmp_path / "calls" / "pbx-1.1").mkdir(parents=True)
    owner = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    return Words(tmp_path / "calls", tmp_path / "words", "/srv/node/spool/words", owner)


def given_track(words: Words, name: str, samples: Samples) -> None:
    path = words.tracks / "pbx-1.1" / f"{name}~1764000000000~pbx-1.1~said.wav"
    path.write_bytes(unfinished(samples))


def test_a_track_in_the_making_is_made_into_a_whole_file_for_one_listener(words: Words) -> None:
    given_track(words, "citizen", spoken(tone(2), silence(5)))
    given_track(words, "operator", tone(9))
    place, seconds = words.prepare("pbx-1.1", "pbx-1.1", "c1-1")
    assert place == "/srv/node/spool/words/pbx-1.1~c1-1"
    [path] = list(words.played.iterdir())
    assert soundfile.info(path).duration == pytest.approx(seconds, abs=0.1)
    assert seconds == pytest.approx(2.3, abs=0.1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert words.played.stat().st_mode & 0o777 == 0o700


def test_nothing_said_is_nothing_to_play(words: Words) -> None:
    assert words.prepare("pbx-1.1", "pbx-1.1", "c1-1") == ("", 0.0)
    given_track(words, "citizen", silence(5))
    assert words.prepare("pbx-1.1", "pbx-1.1", "c1-1") == ("", 0.0)
    assert not words.played.exists()


def test_a_file_of_an_hour_is_ready_within_a_second(words: Words) -> None:
    given_track(words, "citizen", spoken(*([tone(2), silence(4)] * 600)))
    started = time.process_time()
    _, seconds = words.prepare("pbx-1.1", "pbx-1.1", "c1-1")
    assert time.process_time() - started < 1.0
    assert seconds == LONGEST_SECONDS


def test_what_was_played_is_forgotten(words: Words) -> None:
    given_track(words, "citizen", tone(2))
    words.forget("pbx-1.1")  # no folder yet: nothing to forget
    for call_id in ("pbx-1.1", "pbx-1.11"):
        words.prepare("pbx-1.1", "pbx-1.1", "c1-1")
        (words.played / "pbx-1.1~c1-1.wav").rename(words.played / f"{call_id}~x.wav")
    words.forget("pbx-1.1")
    assert [path.name for path in words.played.iterdir()] == ["pbx-1.11~x.wav"]
    words.forget_all_but(["pbx-1.11"])
    assert len(list(words.played.iterdir())) == 1
    words.forget_all_but([])
    assert list(words.played.iterdir()) == []


def test_the_header_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(unfinished(tone(1)))
    assert len(recorded_so_far(path)) == RATE
    path.write_bytes(b"")
    assert len(recorded_so_far(path)) == 0
