"""Room recording: what Asterisk has written and nobody has sealed yet.

`<spool>/<CALL_ID>/<role>~<start_ms>~<leg id>~said.wav`
"""

import re
from dataclasses import dataclass
from pathlib import Path

CALL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_NAME = re.compile(r"(?P<role>[a-z]+)~(?P<start>[0-9]{13})~(?P<leg>[A-Za-z0-9._-]+)~said\.wav")


@dataclass(frozen=True)
class SpoolTrack:
    """One person's file. `start_ms`: epoch milliseconds of its first sample; None if unknown."""

    path: Path
    role: str
    leg_id: str
    start_ms: int | None


def is_call_id(name: str) -> bool:
    """Whether this could be the name of a call, and not a way out of a folder."""
    return CALL_ID.fullmatch(name) is not None and ".." not in name


def calls_in(spool: Path) -> list[str]:
    """Calls that have something in the spool, oldest first."""
    if not spool.is_dir():
        return []
    folders = [place for place in spool.iterdir() if place.is_dir() and is_call_id(place.name)]
    return [place.name for place in sorted(folders, key=lambda place: place.stat().st_mtime)]


def tracks_in(folder: Path) -> list[SpoolTrack]:
    """Every file of a call, by start; one whose name says nothing is kept as role `unknown`."""
    found = []
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        name = _NAME.fullmatch(path.name)
        if name is None:
            found.append(SpoolTrack(path, "unknown", path.stem, None))
        else:
            found.append(SpoolTrack(path, name["role"], name["leg"], int(name["start"])))
    return sorted(found, key=lambda track: (track.start_ms is None, track.start_ms or 0))
