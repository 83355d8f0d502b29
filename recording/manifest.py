"""Room recording: the manifest, which says what a sealed call consists of, and proves it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

NAME = "manifest.json"
FileName = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.flac$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrackEntry(_Part):
    """One person, from their first moment to their last. Times in ms on the call's one clock."""

    leg_id: str
    role: str
    file: FileName
    sha256: str
    pcm_sha256: str
    offset_ms: int
    seconds: float
    expected_seconds: float | None
    repaired: bool


class MixEntry(_Part):
    """All tracks in one file, for the ear."""

    file: FileName
    sha256: str
    seconds: float


class Gap(_Part):
    """A leg that talked longer than its track is long; `recorded_seconds` 0: no track at all."""

    leg_id: str
    role: str
    expected_seconds: float
    recorded_seconds: float


class UnreadableEntry(_Part):
    """A file of the spool that is no recording we can read: kept as it was, byte for byte."""

    source: str
    role: str
    file: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.unreadable$")]
    sha256: str


class ClockStep(_Part):
    """The clock was stepped before this track began; its offset is as if it had not been."""

    leg_id: str
    role: str
    step_ms: int


class Manifest(_Part):
    """What is sealed. `previous` is the sha256 of the manifest this node sealed before."""

    version: int = 1
    call_id: str
    part: int
    node: str
    sealed_at: AwareDatetime
    clock_start: AwareDatetime
    seconds: float
    tracks: list[TrackEntry]
    mix: MixEntry | None
    gaps: list[Gap]
    previous: str
    unreadable: list[UnreadableEntry] = []
    clock_steps: list[ClockStep] = []

    def canonical(self) -> bytes:
        """The bytes that are hashed: keys sorted, no spaces, UTF-8."""
        data = self.model_dump(mode="json")
        for newer in ("unreadable", "clock_steps"):
            if not data[newer]:
                # Seals made before there was such a list must hash to what they did.
                del data[newer]
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def sha256(self) -> str:
        return sha256(self.canonical()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a sealed call; OSError or ValueError where there is none to be had."""
    return Manifest.model_validate_json((folder / NAME).read_bytes())


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
