"""Room hotline: a recording of a call nobody has told us of, because the disk was full then.

Asterisk could begin the file and not write the lines. What the file itself tells (who, since
when, until when) makes the call's row, and its seal and ticket follow as always.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recording.spool import SpoolTrack, find_tracks
from store.facts import Fact
from store.node_journal import Entry
from telephony import facts as f
from telephony.roles import Role

# A file of a call that goes on grows every two seconds; a line is read within a second.
STILL_FOR = timedelta(minutes=2)
# The journal forgets calls after a month: what is older than this may be one of those.
AT_MOST = timedelta(days=20)


def is_abandoned(folder: Path, at: datetime) -> bool:
    """Whether nothing was written there for long, and it is not too old to be told of."""
    newest = max((_changed(path) for path in (folder, *folder.rglob("*"))), default=at)
    return STILL_FOR < at - newest < AT_MOST


def entries_of(folder: Path, node: str) -> list[Entry]:
    """The facts of such a call, with keys: told twice they are told once."""
    call_id = folder.name
    tracks = [track for track in find_tracks(folder) if track.leg_id and track.start_ms]
    begins = min((_start(track) for track in tracks), default=_changed(folder))
    ends = max((_changed(track.path) for track in tracks), default=begins)
    facts: list[Fact] = [f.CallStarted(at=begins, call_id=call_id, node=node, called="")]
    for track in tracks:
        facts += _of_track(call_id, track)
    facts.append(f.CallEnded(at=max(begins, ends), call_id=call_id, line_broke=True))
    private = {"caller_number": None, "caller_name": None, "number": None}
    return [
        Entry(fact, key=f"found:{call_id}:{number}", private=private)
        for number, fact in enumerate(facts)
    ]


def _of_track(call_id: str, track: SpoolTrack) -> Iterator[Fact]:
    starts = _start(track)
    role = Role(track.role) if track.role in set(Role) else Role.UNKNOWN
    common = {"call_id": call_id, "leg_id": track.leg_id, "role": role}
    yield f.LegStarted(at=starts, **common, channel=str(track.leg_id))
    yield f.LegAnswered(at=starts, **common)
    yield f.TrackStarted(at=starts, **common, started_ms=track.start_ms)
    yield f.LegEnded(at=max(starts, _changed(track.path)), **common, cause=None)


def _start(track: SpoolTrack) -> datetime:
    return datetime.fromtimestamp((track.start_ms or 0) / 1000, UTC)


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
