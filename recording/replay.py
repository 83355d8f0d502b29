"""Room recording: which bytes of a track a player asked for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

# A position beyond any file; longer digit strings are capped before int() sees them.
FAR = 10**18
INT_RANGE = re.compile(r"(\d+)-(\d*)", re.ASCII)
SUFFIX_RANGE = re.compile(r"-(\d+)", re.ASCII)


@dataclass(frozen=True)
class Range:
    """Bytes `first`..`last`, both included, of `size`: answer 206."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes to send."""
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        """The value of the Content-Range header."""
        return f"bytes {self.first}-{self.last}/{self.size}"


@dataclass(frozen=True)
class Unsatisfiable:
    """Nothing of what was asked exists: answer 416."""

    size: int

    @property
    def content_range(self) -> str:
        """The value of the Content-Range header."""
        return f"bytes */{self.size}"


@dataclass(frozen=True)
class Whole:
    """Send everything: answer 200."""

    size: int


def parse_range(header: str | None, size: int) -> Range | Unsatisfiable | Whole:
    """Decide what to send of a file of `size` bytes.

    A malformed header, another unit or several ranges at once get the whole
    file, as RFC 9110 allows: no browser player asks for several.
    """
    unit, equals, wanted = (header or "").partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return Whole(size)
    wanted = wanted.strip(" \t")
    if suffix := SUFFIX_RANGE.fullmatch(wanted):
        return _last_bytes(_number(suffix[1]), size)
    if both := INT_RANGE.fullmatch(wanted):
        first = _number(both[1])
        last = _number(both[2]) if both[2] else FAR
        return _from_to(first, last, size)
    return Whole(size)


def _last_bytes(count: int, size: int) -> Range | Unsatisfiable | Whole:
    if count == 0:
        return Unsatisfiable(size)
    if size == 0:
        return Whole(size)
    return Range(max(0, size - count), size - 1, size)


def _from_to(first: int, last: int, size: int) -> Range | Unsatisfiable | Whole:
    if last < first:
        return Whole(size)
    if first >= size:
        return Unsatisfiable(size)
    return Range(first, min(last, size - 1), size)


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= 18 else FAR
