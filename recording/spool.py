"""Room recording: what lies in the spool. Finds calls and their tracks, and drops nothing.

Asterisk writes `<spool>/<CALL_ID>/<role>~<start_ms>~<channel uniqueid>~said.wav`.
A file with any other name is still a recording of somebody: it is found as
role "unknown", and the reason is told.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

UNKNOWN = "unknown"
ROLES = ("citizen", "operator", "liaison", "petition", "emergency", "supervisor", "leader")

# No slash, no leading dot: a call id can never name a place outside its folder.
CALL_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,126}[A-Za-z0-9]", re.ASCII)
TRACK_NAME = re.compile(
    r"(?P<role>[a-z]+)~(?P<start_ms>\d{13})~(?P<leg_id>[A-Za-z0-9._-]{1,128})~said\.wav", re.ASCII
)


class BadCallId(ValueError):
    """A call id that could not have come from our dialplan."""


@dataclass(frozen=True)
class SpoolTrack:
    """One file of one person. `leg_id` and `start_ms` are None where the name does not say."""

    path: Path
    source: str
    role: str
    leg_id: str | None
    start_ms: int | None
    problem: str | None = None
    # By how much the clock had been stepped in the call before this track began; `start_ms` is
    # where it would have been without.
    step_ms: int = 0


@dataclass(frozen=True)
class SpoolReport:
    """All calls in a spool, and what lies there that is no call."""

    calls: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def checked_call_id(text: str) -> str:
    """The id itself; `BadCallId` for anything that is not one."""
    if not CALL_ID.fullmatch(text):
        raise BadCallId(f"not a call id: {text[:130]!r}")
    return text


def find_calls(spool: Path) -> SpoolReport:
    """Folders of calls, oldest name first; strange entries are told, not touched."""
    report = SpoolReport()
    if not spool.is_dir():
        return report
    for entry in sorted(spool.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and CALL_ID.fullmatch(entry.name):
            report.calls.append(entry)
        else:
            report.problems.append(f"{entry.name!r} in the spool is not the folder of a call")
    return report


def find_tracks(call_dir: Path) -> list[SpoolTrack]:
    """Every file below the call's folder, in the order of their names."""
    if call_dir.is_symlink() or not call_dir.is_dir():
        return []
    files = [p for p in call_dir.rglob("*") if p.is_symlink() or not p.is_dir()]
    return [_named(path, path.relative_to(call_dir).as_posix()) for path in sorted(files)]


def on_one_clock(tracks: Sequence[SpoolTrack], steps: Mapping[str, int]) -> list[SpoolTrack]:
    """Tracks placed as if the clock had not been stepped; `steps`: leg → ms before its track."""
    return [
        replace(track, start_ms=track.start_ms - step, step_ms=step)
        if track.start_ms is not None and (step := steps.get(track.leg_id or "", 0))
        else track
        for track in tracks
    ]


def is_closed(path: Path) -> bool:
    """Whether Asterisk has finished this WAV: it writes the sizes into the header last."""
    with path.open("rb") as file:
        head = file.read(8)
    stated = int.from_bytes(head[4:8], "little") if len(head) == 8 else -1
    return stated == path.stat().st_size - 8


def _named(path: Path, source: str) -> SpoolTrack:
    # A name that is not UTF-8 must still fit into the manifest.
    source = source.encode("utf-8", "backslashreplace").decode()
    match = TRACK_NAME.fullmatch(source)
    if match is None:
        return SpoolTrack(
            path, source, UNKNOWN, None, None, "the file name tells no role and start"
        )
    role, leg_id, start_ms = match["role"], match["leg_id"], int(match["start_ms"])
    if role not in ROLES:
        return SpoolTrack(path, source, UNKNOWN, leg_id, start_ms, f"no such role: {role}")
    return SpoolTrack(path, source, role, leg_id, start_ms)
