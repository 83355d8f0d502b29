"""A torn or never closed WAV keeps every whole sample; nothing is invented."""

import struct
from io import BytesIO

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from recording.repair import USUAL, NotMendable, mend


def wav(pcm: bytes, riff: int | None = None, data: int | None = None, fmt: bytes = USUAL) -> bytes:
    riff_size = 36 + len(pcm) if riff is None else riff
    data_size = len(pcm) if data is None else data
    return (
        b"RIFF" + struct.pack("<I", riff_size) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
        + b"data" + struct.pack("<I", data_size) + pcm
    )  # fmt: skip


SOUND = bytes(range(1, 201))


@given(samples=st.binary(max_size=400).map(lambda b: b[: len(b) // 2 * 2]), data=st.data())
def test_cut_anywhere_every_whole_sample_is_kept(samples: bytes, data: st.DataObject) -> None:
    for header in (wav(samples), wav(samples, riff=0, data=0)):
        cut = data.draw(st.integers(0, len(header)))
        mended = mend(header[:cut])
        whole = max(0, cut - 44) // 2 * 2
        assert mended.pcm == samples[:whole]
        read, rate = soundfile.read(BytesIO(mended.wav), dtype="int16")
        assert (read.tobytes(), rate) == (samples[:whole], 8000)


def test_a_closed_file_is_left_as_it_is() -> None:
    mended = mend(wav(SOUND))
    assert (mended.wav, mended.repaired) == (wav(SOUND), False)


@pytest.mark.parametrize(
    "torn",
    [wav(SOUND, riff=0, data=0), wav(SOUND, data=7), wav(SOUND, data=10_000), wav(SOUND, riff=3)],
)
def test_wrong_sizes_are_mended_and_told(torn: bytes) -> None:
    mended = mend(torn)
    assert (mended.pcm, mended.repaired) == (SOUND, True)


@pytest.mark.parametrize("raw", [b"", b"RI", wav(b"")[:43]])
def test_a_file_without_sound_is_an_empty_track(raw: bytes) -> None:
    mended = mend(raw)
    assert (mended.pcm, mended.repaired) == (b"", True)


def test_44_bytes_are_an_honest_empty_file() -> None:
    assert mend(wav(b"")).pcm == b""


def test_a_chunk_after_the_sound_is_not_sound() -> None:
    assert mend(wav(SOUND, riff=36 + 200 + 12) + b"LIST\x04\0\0\0note").pcm == SOUND


@pytest.mark.parametrize(
    "other",
    [b"ID3 no wav at all", wav(SOUND, fmt=struct.pack("<HHIIHH", 7, 1, 8000, 8000, 1, 8))],
)
def test_other_formats_are_refused(other: bytes) -> None:
    with pytest.raises(NotMendable):
        mend(other)


def test_a_header_lost_to_a_full_disk_costs_no_sound_after_it() -> None:
    swallowed = bytes(200)
    mended = mend(bytes(44) + swallowed + SOUND)
    assert (mended.pcm, mended.repaired) == (swallowed + SOUND, True)
    assert soundfile.read(BytesIO(mended.wav))[1] == 8000
