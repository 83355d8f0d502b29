"""Room hotline/backup: what a backup folder looks like, and the list that proves a snapshot.

FOLDER/snapshots/<UTC time>/   spool, databases, journal, secrets, settings; snapshot.json
FOLDER/archive/YYYY/MM/DD/…    sealed recordings, each copied once for all snapshots
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from recording.manifest import Manifest, file_sha256, read_manifest

LIST = "snapshot.json"
MAIN_SQLITE, MAIN_DUMP = "main.sqlite", "main.dump"
JOURNAL, ASTDB = "journal.sqlite", "astdb.sqlite3"
FILES, SPOOL, ARCHIVE, SNAPSHOTS = "files", "spool", "archive", "snapshots"


class BackupFailed(RuntimeError):
    """The message says what to do."""


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
        # In pieces, so that writers are never kept waiting for the whole of it.
        live.backup(copy, pages=2000, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)


def check_recording(folder: Path) -> Manifest:
    """A sealed folder whose files are what its manifest says. `BackupFailed`."""
    try:
        manifest = read_manifest(folder)
        stated = {track.file: track.sha256 for track in manifest.tracks}
        stated |= {entry.file: entry.sha256 for entry in getattr(manifest, "unreadable", [])}
        if manifest.mix is not None:
            stated[manifest.mix.file] = manifest.mix.sha256
        wrong = [name for name, wanted in stated.items() if file_sha256(folder / name) != wanted]
    except (OSError, ValueError) as error:
        raise BackupFailed(f"{folder}: {error}") from None
    if wrong:
        raise BackupFailed(f"{folder}: 与封存哈希不符 / differs from its seal: {', '.join(wrong)}")
    return manifest


def copy_recording(source: Path, target: Path, *, link: bool) -> Manifest:
    """Copy (or link) one sealed folder, checked, as a whole or not at all."""
    building = target.with_name(f".building-{target.name}")
    shutil.rmtree(building, ignore_errors=True)
    private_folder(building)
    for file in source.iterdir():
        if link:
            os.link(file, building / file.name)
        else:
            shutil.copy2(file, building / file.name)
    manifest = check_recording(building)
    building.rename(target)
    target.chmod(0o500)
    return manifest


def private_folder(folder: Path) -> None:
    """Made for this service's user alone: numbers and voices lie in it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def all_files(folder: Path) -> list[Path]:
    """Every file below a folder, links followed nowhere."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
