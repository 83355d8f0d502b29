"""Room telephony/cel: reads the file Asterisk writes its channel events to, from a byte offset.

The file is what remains after a power cut, so nothing in it may stop the
reader: a torn line, NUL bytes, foreign text and bytes that are no UTF-8 cost at
most the record they stand in.
"""

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from telephony.cel.events import CelEvent, MalformedCel, event_from_columns

log = structlog.get_logger(__name__)

# How every record starts. At the start of a line nothing else can look like
# this: quotes inside a value are doubled. Elsewhere (a record glued to a torn
# one) a dialled number might, so that is only tried where reading failed.
_HEAD: Final = re.compile(rb'"[A-Z_]{4,30}","\d{1,10}\.\d{6}",')
_LINE_HEAD: Final = re.compile(rb"^" + _HEAD.pattern, re.MULTILINE)
_LIMIT: Final = 4 * 1024 * 1024
_BLANK: Final = b"\r\n\0 "


class CelFile:
    """The growing file. Counts what it had to skip (`garbage`) and how often it began anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.garbage = 0
        self.rotations = 0
        self._inode: int | None = None

    def read_from(self, offset: int) -> tuple[list[CelEvent], int]:
        """Events of the whole records after `offset`, and the offset to go on from.

        A file that is shorter than `offset`, or another file than last time, is
        read from its start. At most 4 MiB at once: call again until the offset stays.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return [], offset
        with file:
            offset = self._checked(file, offset)
            file.seek(offset)
            data = file.read(_LIMIT)
        usable = _whole_records(data)
        if usable == 0 and len(data) == _LIMIT:
            self._skip(offset, "no record in 4 MiB")
            return [], offset + _LIMIT
        return list(self._events(data[:usable], offset)), offset + usable

    def _checked(self, file: BinaryIO, offset: int) -> int:
        status = os.fstat(file.fileno())
        replaced = self._inode is not None and self._inode != status.st_ino
        self._inode = status.st_ino
        if not replaced and offset <= status.st_size:
            return offset
        self.rotations += 1
        log.warning(
            "cel_file_begins_anew",
            path=str(self.path), offset=offset, size=status.st_size, replaced=replaced,
        )  # fmt: skip
        return 0

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
