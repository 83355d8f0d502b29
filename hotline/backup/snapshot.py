"""Room hotline/backup: what a backup folder looks like, and the list that proves a snapshot.

FOLDER/snapshots/<UTC time>/   spool, databases, journal, secrets, settings; snapshot.json
FOLDER/archive/YYYY/MM/DD/…    sealed recordings, each copied once for all snapshots
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from recording.manifest import Manifest, file_sha256, read_manifest
from store.durable import private_folder, sync

LIST = "snapshot.json"
MAIN_SQLITE, MAIN_DUMP = "main.sqlite", "main.dump"
JOURNAL, ASTDB = "journal.sqlite", "astdb.sqlite3"
FILES, SPOOL, ARCHIVE, SNAPSHOTS = "files", "spool", "archive", "snapshots"


class BackupFailed(RuntimeError):
    """The message says what to do."""


class RecordingDamaged(BackupFailed):
    """This one recording cannot be had; everything else can."""


class Sealed(BaseModel):
    """One recording this snapshot speaks of."""

    model_config = ConfigDict(frozen=True)

    folder: str
    manifest_sha256: str


class Snapshot(BaseModel):
    """`files`: path within the snapshot → sha256."""

    version: int = 1
    made_at: AwareDatetime
    node: str
    database: str
    files: dict[str, str]
    recordings: list[Sealed]


def read_snapshot(folder: Path) -> Snapshot:
    """The list of a snapshot. `BackupFailed` where it is none or was not finished."""
    try:
        return Snapshot.model_validate_json((folder / LIST).read_bytes())
    except (OSError, ValueError) as error:
        raise BackupFailed(f"{folder}: 不是完整的备份 / no finished snapshot: {error}") from None


def write_snapshot(folder: Path, snapshot: Snapshot) -> None:
    """The list, once all that it lists is on disk: with it the snapshot is finished."""
    for path in (*folder.rglob("*"), folder):
        sync(path)
    part = folder / f"{LIST}.part"
    part.touch(mode=0o600)
    part.write_text(snapshot.model_dump_json(indent=1), "utf-8")
    sync(part)
    part.rename(folder / LIST)
    sync(folder)


def newest_snapshot(backup: Path) -> Path:
    """The newest finished snapshot of a backup folder."""
    found = sorted(p for p in (backup / SNAPSHOTS).glob("*") if (p / LIST).is_file())
    if not found:
        raise BackupFailed(f"{backup}: 没有备份 / no snapshot in it")
    return found[-1]


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a database that is being written to (SQLite's backup)."""
    private_folder(target.parent)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        # In one step: a copy in steps begins anew whenever somebody commits between two of them,
        # and beside steady writers never ends. In WAL mode a reader keeps no writer waiting.
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)


def sealed_manifest(folder: Path) -> Manifest:
    """What a sealed folder says it consists of. `RecordingDamaged`."""
    try:
        return read_manifest(folder)
    except (OSError, ValueError) as error:
        raise RecordingDamaged(
            f"{folder}: 清单不可读 / its manifest cannot be read: {type(error).__name__}"
        ) from None


def stated_files(manifest: Manifest) -> dict[str, str]:
    """Every file of a sealed folder beside the manifest → its sha256."""
    stated = {track.file: track.sha256 for track in manifest.tracks}
    stated |= {entry.file: entry.sha256 for entry in manifest.unreadable}
    if manifest.mix is not None:
        stated[manifest.mix.file] = manifest.mix.sha256
    return stated


def check_recording(folder: Path) -> Manifest:
    """A sealed folder whose files are what its manifest says. `RecordingDamaged`."""
    manifest = sealed_manifest(folder)
    stated = stated_files(manifest)
    try:
        wrong = [name for name, wanted in stated.items() if file_sha256(folder / name) != wanted]
    except OSError as error:
        raise RecordingDamaged(f"{folder}: {error}") from None
    if wrong:
        names = ", ".join(wrong)
        raise RecordingDamaged(f"{folder}: 与封存哈希不符 / differs from its seal: {names}")
    return manifest


def all_files(folder: Path) -> list[Path]:
    """Every file below a folder, links followed nowhere."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
