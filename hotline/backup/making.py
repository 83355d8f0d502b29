"""Room hotline/backup: makes one snapshot beside a running service.

The order is what makes it whole: spool, main database, node journal, archive. The
journal is never older than the main database (the forwarder goes on exactly where main
is), and what was sealed meanwhile is in the archive or still in the spool.
"""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from hotline.backup.recordings import back_up_recordings
from hotline.backup.snapshot import (
    ARCHIVE,
    ASTDB,
    FILES,
    JOURNAL,
    MAIN_DUMP,
    MAIN_SQLITE,
    SNAPSHOTS,
    SPOOL,
    BackupFailed,
    Snapshot,
    all_files,
    copy_sqlite,
    write_snapshot,
)
from hotline.installation import Installation
from hotline.settings import ROOT
from recording.manifest import file_sha256
from store.base import now
from store.durable import private_folder

Say = Callable[[str], None]

# Made anew by a start, or copied in a way of its own.
_NOT_COPIED = ("*.sqlite", "*.sqlite-*", "*.lock", "*.sock", "*.part", "*.reserve")
_NOT_ENTERED = {"log", "archive", "probe"}


def make_backup(installation: Installation, backup: Path, say: Say, *, link: bool = False) -> Path:
    """The folder of the finished snapshot. Blocking. `BackupFailed`, OSError.

    Damaged recordings are told in a `BackupFailed`, too, once the snapshot is finished.
    """
    data = installation.settings.data_dir.resolve()
    if not installation.journal_path.is_file():
        raise BackupFailed(f"{data}: 没有可备份的数据 / nothing to back up")
    if backup.resolve().is_relative_to(data):
        raise BackupFailed(f"{backup}: 不能在数据目录内 / must not lie in the data folder")
    began = now()
    place = backup / SNAPSHOTS / f"{began:%Y%m%dT%H%M%S.%fZ}"
    private_folder(place)
    spooled = _copy_spool(installation.folder.recordings, place / SPOOL)
    kind = _copy_main(installation.settings.database_url, place)
    copy_sqlite(installation.journal_path, place / JOURNAL)
    _copy_rest(installation, data, place)
    recordings, damaged = back_up_recordings(
        installation.settings.archive, backup / ARCHIVE, _known(place / JOURNAL) | spooled, began,
        link=link,
    )  # fmt: skip
    files = {str(p.relative_to(place)): file_sha256(p) for p in all_files(place)}
    snapshot = Snapshot(
        made_at=began, node=installation.settings.node, database=kind, files=files,
        recordings=recordings,
    )  # fmt: skip
    write_snapshot(place, snapshot)
    say(f"已备份 / backed up: {len(recordings)} 录音 / recordings, {len(files)} files, {place}")
    if damaged:
        raise BackupFailed("\n".join(["以下录音除外,均已备份 / all is backed up but:", *damaged]))
    return place


def _copy_spool(spool: Path, target: Path) -> set[str]:
    """Recordings that are not sealed yet, as far as they are written; ids of their calls."""
    private_folder(target)
    for call in spool.iterdir() if spool.is_dir() else ():
        for file in all_files(call):
            copy = target / file.relative_to(spool)
            private_folder(copy.parent)
            with suppress(FileNotFoundError):  # sealed at this moment: the archive has it
                shutil.copyfile(file, copy)
                copy.chmod(0o600)
    return {call.name for call in target.iterdir()}


def _copy_main(url: str, place: Path) -> str:
    parsed = make_url(url)
    if parsed.drivername.startswith("sqlite"):
        copy_sqlite(Path(str(parsed.database)), place / MAIN_SQLITE)
        return "sqlite"
    dump = ["pg_dump", "--format=custom", f"--file={place / MAIN_DUMP}"]
    run_postgres([*dump, f"--dbname={plain_url(url)}"])
    (place / MAIN_DUMP).chmod(0o600)
    return "postgresql"


def _copy_rest(installation: Installation, data: Path, place: Path) -> None:
    """Secrets, addresses, flows and whatever else lies in the data folder; settings; prompts."""
    astdb = installation.folder.base / "db" / ASTDB
    if astdb.is_file():  # who is signed in to which queue
        copy_sqlite(astdb, place / ASTDB)
    for path in data.iterdir():
        if path.is_dir() and path.name in {*_NOT_ENTERED, installation.settings.node}:
            continue
        for file in all_files(path) if path.is_dir() else [path]:
            if file.is_file() and not any(file.match(pattern) for pattern in _NOT_COPIED):
                _copy_private(file, place / FILES / "data" / file.relative_to(data))
    if (toml := ROOT / "hotline.toml").is_file():
        _copy_private(toml, place / FILES / "hotline.toml")
    sounds = ROOT / "asterisk_conf" / "sounds"
    for file in all_files(sounds):
        _copy_private(file, place / FILES / "sounds" / file.relative_to(sounds))


def _copy_private(file: Path, target: Path) -> None:
    private_folder(target.parent)
    with suppress(FileNotFoundError):
        shutil.copyfile(file, target)
        target.chmod(0o600)


def _known(journal: Path) -> set[str]:
    """Calls whose seal this copy of the journal knows."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(journal)) as copy:
        rows = copy.execute("SELECT call_id FROM entry WHERE kind = 'recording_sealed'")
        return {row[0] for row in rows}


def verify_files(place: Path, snapshot: Snapshot) -> None:
    """Every file of a snapshot is there and unchanged. `BackupFailed`."""
    for name, wanted in snapshot.files.items():
        if not (place / name).is_file() or file_sha256(place / name) != wanted:
            raise BackupFailed(f"{place / name}: 缺失或被改动 / missing or changed")


def plain_url(url: str) -> str:
    """The database's URL as PostgreSQL's own programs want it."""
    parsed = make_url(url).set(drivername="postgresql")
    return parsed.render_as_string(hide_password=False)


def run_postgres(command: list[str]) -> None:
    """One of PostgreSQL's own programs; `BackupFailed` with its words, never with the URL."""
    if shutil.which(command[0]) is None:
        raise BackupFailed(f"{command[0]}: apt-get install postgresql-client")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise BackupFailed(f"{command[0]}: {done.stderr.strip()[-400:]}")
