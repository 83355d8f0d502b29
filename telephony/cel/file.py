"""Room telephony/cel: reads the files Asterisk writes its channel events to, from a mark on.

The files are what remains after a power cut, so nothing in them may stop the
reader: a torn line, NUL bytes, foreign text and bytes that are no UTF-8 cost at
most the record they stand in.

A file is known by its first line, whatever its name: renamed by us, by logrotate or by
hand, it is read to its end before the next one is begun (docs/adr/0024).
"""

import csv
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import structlog

from telephony.cel.events import CelEvent, MalformedCel, event_from_columns

log = structlog.get_logger(__name__)

# How every record starts. At the start of a line nothing else can look like
# this: quotes inside a value are doubled. Elsewhere (a record glued to a torn
# one) a dialled number might, so that is only tried where reading failed.
_HEAD: Final = re.compile(rb'"[A-Z_]{4,30}","\d{1,10}\.\d{6}",')
_LINE_HEAD: Final = re.compile(rb"^" + _HEAD.pattern, re.MULTILINE)
_LIMIT: Final = 4 * 1024 * 1024
_HEAD_LONGEST: Final = 4096
_BLANK: Final = b"\r\n\0 "


class Mark(NamedTuple):
    """How far was read: bytes of the file whose first line has this fingerprint (0: any)."""

    offset: int = 0
    head: int = 0


class CelFile:
    """The growing file and those it was before. Counts what it had to skip (`garbage`).

    `rotate_at` bytes: a file of this size is put aside; of those that were read, `keep` stay.
    """

    def __init__(self, path: Path, rotate_at: int = 16 * 1024 * 1024, keep: int = 4) -> None:
        self.path = path
        self.garbage = 0
        self.begun_anew = 0
        self._rotate_at = rotate_at
        self._keep = keep

    def read_from(self, mark: Mark) -> tuple[list[CelEvent], Mark]:
        """Events of the whole records after `mark`, and the mark to go on from.

        A mark in no file that is there begins with the one being written, `Mark()` with the
        oldest. At most 4 MiB and
        one file at once: call again until the mark stays.
        """
        if mark == Mark():  # nothing was ever read: begin with the oldest there is
            mark = Mark(0, next((head for head in map(_head, self._put_aside()) if head), 0))
        live = 0
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            live = _head_in(file)
            if live and mark.head in (0, live):
                return self._read(file, Mark(mark.offset, live))
            if live and mark.head not in [_head(path) for path in self._put_aside()]:
                return self._begin_anew(file, mark, live)
        return self._read_aside(mark, live) if mark.head else ([], mark)

    def _read_aside(self, mark: Mark, live: int) -> tuple[list[CelEvent], Mark]:
        """On in a file that was put aside; at its end to the first line of the next one."""
        files = self._put_aside()
        heads = [_head(path) for path in files]
        if mark.head not in heads:
            return [], mark
        place = heads.index(mark.head)
        with files[place].open("rb") as file:
            events, after = self._read(file, mark)
        if after != mark:
            return events, after
        # Asterisk opens its file anew for each line, one line after the other: with a first line
        # in the next file nothing is written to this one any more.
        following = [head for head in (*heads[place + 1 :], live) if head]
        return [], Mark(0, following[0]) if following else mark

    def unread(self, mark: Mark) -> int:
        """Bytes that wait, in however many files."""
        live = _head(self.path)
        if mark.head in (0, live):
            return max(0, _size(self.path) - mark.offset)
        files = [*self._put_aside(), self.path]
        heads = [_head(path) for path in files]
        first = heads.index(mark.head) if mark.head in heads else len(files) - 1
        read = mark.offset if mark.head in heads else 0
        return max(0, sum(_size(path) for path in files[first:]) - read)

    def rotate(self, mark: Mark) -> bool:
        """Put the file aside once it is long and read to `mark`; drop what was read long ago."""
        if mark.offset < self._rotate_at or mark.head != _head(self.path):
            return False
        name = f"{self.path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        self.path.rename(self.path.with_name(name))
        log.info("cel_file_put_aside", name=name, bytes=mark.offset)
        # The one just put aside may still be written to: it is never among those dropped.
        for old in self._put_aside()[: -self._keep - 1]:
            old.unlink(missing_ok=True)
        return True

    def _put_aside(self) -> list[Path]:
        """By whomever, under whatever name beginning with ours; the oldest first."""
        found = []
        for path in self.path.parent.glob(f"{self.path.name}?*"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path.name, path))
        return [path for _, _, path in sorted(found)]

    def _begin_anew(self, file: BinaryIO, mark: Mark, head: int) -> tuple[list[CelEvent], Mark]:
        self.begun_anew += 1
        log.warning("cel_file_begins_anew", path=str(self.path), offset=mark.offset)
        return self._read(file, Mark(0, head))

    def _read(self, file: BinaryIO, mark: Mark) -> tuple[list[CelEvent], Mark]:
        offset = mark.offset
        if offset > os.fstat(file.fileno()).st_size:
            return self._begin_anew(file, mark, mark.head)
        file.seek(offset)
        data = file.read(_LIMIT)
        usable = _whole_records(data)
        if usable == 0 and len(data) == _LIMIT:
            self._skip(offset, "no record in 4 MiB")
            return [], Mark(offset + _LIMIT, mark.head)
        return list(self._events(data[:usable], offset)), Mark(offset + usable, mark.head)

    def _events(self, data: bytes, offset: int) -> Iterator[CelEvent]:
        heads = [head.start() for head in _LINE_HEAD.finditer(data)]
        for start, end in zip([0, *heads], [*heads, len(data)], strict=True):
            yield from self._between(data[start:end], offset + start)

    def _between(self, chunk: bytes, position: int) -> Iterator[CelEvent]:
        """Everything from one certain start to the next: normally one record."""
        while chunk.strip(_BLANK):
            row, rest = _first_row(chunk)
            try:
                yield _parse(row)
            except MalformedCel as problem:
                self._skip(position, str(problem))
                glued = _HEAD.search(chunk, 1)
                rest = chunk[glued.start() :] if glued else b""
            position += len(chunk) - len(rest)
            chunk = rest

    def _skip(self, position: int, why: str) -> None:
        self.garbage += 1
        log.warning("cel_record_skipped", path=str(self.path), position=position, why=why)


def _head(path: Path) -> int:
    """A fingerprint of the first line, never 0; 0 where there is none yet."""
    try:
        with path.open("rb") as file:
            return _head_in(file)
    except FileNotFoundError:
        return 0


def _head_in(file: BinaryIO) -> int:
    start = os.pread(file.fileno(), _HEAD_LONGEST, 0)
    line, found, _ = start.partition(b"\n")
    if not found and len(start) < _HEAD_LONGEST:
        return 0
    # SQLite's integers have a sign.
    return int.from_bytes(blake2b(line, digest_size=8).digest(), "big") >> 1 | 1


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _whole_records(data: bytes) -> int:
    """How many bytes end in a finished record: at a line break outside quotes."""
    end = data.rfind(b"\n") + 1
    last = 0
    for head in _LINE_HEAD.finditer(data, 0, end):
        last = head.start()
    # A value may hold a line break: then the record goes on after it.
    return last if data.count(b'"', last, end) % 2 else end


def _first_row(chunk: bytes) -> tuple[bytes, bytes]:
    """Up to the first line break outside quotes, and what follows it."""
    end = chunk.find(b"\n") + 1
    while end and chunk.count(b'"', 0, end) % 2:
        end = chunk.find(b"\n", end) + 1
    return (chunk[:end], chunk[end:]) if end else (chunk, b"")


def _parse(record: bytes) -> CelEvent:
    text = record.replace(b"\0", b"").decode("utf-8", "replace")
    if text.endswith("\n"):
        text = text[:-1]
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as problem:
        raise MalformedCel(str(problem)) from None
    return event_from_columns(rows[0] if rows else [])
