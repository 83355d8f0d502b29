"""Room recording: what happens to recordings."""

from typing import Any, ClassVar

from pydantic import AwareDatetime

from store.facts import Fact


class RecordingSealed(Fact):
    kind: ClassVar[str] = "recording_sealed"
    node: str
    part: int
    folder: str
    manifest_sha256: str
    previous: str
    clock_start: AwareDatetime
    seconds: float
    tracks: list[dict[str, Any]]


class RecordingGap(Fact):
    """Alarm: somebody talked longer than was recorded."""

    kind: ClassVar[str] = "recording_gap"
    leg_id: str
    role: str
    expected_seconds: float
    recorded_seconds: float


class RecordingUnreadable(Fact):
    """Alarm: a file of this call is no recording; it lies in the archive as it was."""

    kind: ClassVar[str] = "recording_unreadable"
    source: str
    file: str


class SealFailed(Fact):
    """Alarm: the recording is still in the spool and will be tried again."""

    kind: ClassVar[str] = "seal_failed"
    reason: str


class RecordingOpened(Fact):
    """Somebody opened a manifest, a track, the mix or the transcript."""

    kind: ClassVar[str] = "recording_opened"
    by: str
    what: str
    file: str = ""
