"""Room recording: mending WAV bytes that a killed PBX left behind. No I/O; works on a copy.

Asterisk writes the sizes into the header when it closes the file. Killed before
that, they stay 0, and the last sample may be torn in two. Every whole sample is kept.
"""

import struct
from dataclasses import dataclass

HEADER_BYTES = 44
PCM = 1
# What Asterisk writes into `.wav`; used where the file ends before its own format is told.
USUAL = struct.pack("<HHIIHH", PCM, 1, 8000, 16000, 2, 16)


@dataclass(frozen=True)
class Mended:
    """What a well-formed WAV is made of.

    `format`: the 16 bytes of its fmt chunk; `pcm`: the sample bytes as they were; `notes` says
    what was mended.
    """

    format: bytes
    pcm: bytes
    notes: tuple[str, ...]

    @property
    def wav(self) -> bytes:
        """The whole file."""
        return _wav(self.format, self.pcm)

    @property
    def channels(self) -> int:
        return int(struct.unpack_from("<H", self.format, 2)[0])

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(struct.unpack_from("<I", self.format, 4)[0])

    @property
    def repaired(self) -> bool:
        """Whether the file was not what a closed WAV file should be."""
        return bool(self.notes)


class NotMendable(ValueError):
    """These bytes are no 16-bit PCM WAV; keep them as they are."""


@dataclass(frozen=True)
class _Layout:
    format: bytes
    data_at: int
    stated: int


def mend(raw: bytes) -> Mended:
    """Every whole sample of `raw`; `NotMendable` for other formats."""
    if not raw:
        return _empty("the file is empty")
    layout = _layout(raw)
    if layout is None:
        return _empty("the file ends inside its header")
    frame = _frame_bytes(layout.format)
    available = len(raw) - layout.data_at
    notes = []
    length = layout.stated
    if not _stated_size_holds(raw, layout):
        notes.append(f"the header said {layout.stated} bytes of sound, the file has {available}")
        length = available
    if length % frame:
        notes.append(f"{length % frame} bytes of a torn sample at the end were left out")
        length -= length % frame
    riff_size = struct.unpack_from("<I", raw, 4)[0]
    if not notes and riff_size not in (len(raw) - 8, len(raw) - 8 + len(raw) % 2):
        notes.append(f"the header said {riff_size} bytes of file, the file has {len(raw) - 8}")
    pcm = raw[layout.data_at : layout.data_at + length]
    return Mended(layout.format, pcm, tuple(notes))


def _layout(raw: bytes) -> _Layout | None:
    """Where the sound lies; None when the file ends before it would begin."""
    if not any(raw[:HEADER_BYTES]):
        # A full disk swallowed the first block, header and all: silence, then sound.
        return _Layout(USUAL, min(HEADER_BYTES, len(raw)), 0)
    if not _begins_like_wav(raw):
        raise NotMendable("the file is not a WAV file")
    fmt: bytes | None = None
    at = 12
    while at + 8 <= len(raw):
        name, size = struct.unpack_from("<4sI", raw, at)
        at += 8
        if name == b"data":
            if fmt is None:
                raise NotMendable("the WAV file has sound but no format")
            return _Layout(fmt, at, size)
        if name == b"fmt " and at + 16 <= len(raw):
            fmt = raw[at : at + 16]
        at += size + size % 2
    return None


def _begins_like_wav(raw: bytes) -> bool:
    head = raw[:12]
    return b"RIFF"[: len(head)] == head[:4] and b"WAVE"[: len(head[8:])] == head[8:]


def _stated_size_holds(raw: bytes, layout: _Layout) -> bool:
    end = layout.data_at + layout.stated
    if end > len(raw):
        return False
    # Beyond the sound only whole chunks may follow; otherwise it is sound the header missed.
    at = end + layout.stated % 2
    while at + 8 <= len(raw):
        name, size = struct.unpack_from("<4sI", raw, at)
        if not (name.isascii() and name.decode().isprintable()):
            return False
        at += 8 + size + size % 2
    return at in (len(raw), len(raw) + 1) or end == len(raw)


def _frame_bytes(fmt: bytes) -> int:
    codec, channels, rate, _, block, bits = struct.unpack("<HHIIHH", fmt)
    if codec != PCM or bits != 16 or not 1 <= channels <= 8 or not 1000 <= rate <= 192_000:
        raise NotMendable(f"the WAV file is not 16-bit PCM (codec {codec}, {bits} bits)")
    if block != channels * 2:
        raise NotMendable("the WAV header contradicts itself about its samples")
    return int(block)


def _empty(note: str) -> Mended:
    return Mended(USUAL, b"", (note,))


def _wav(fmt: bytes, pcm: bytes) -> bytes:
    head = b"RIFF" + struct.pack("<I", 36 + len(pcm)) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
    return head + b"data" + struct.pack("<I", len(pcm)) + pcm
