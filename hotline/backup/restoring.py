"""Room hotline/backup: a snapshot becomes a data folder again, where there is none yet."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.engine import make_url

from hotline.backup.making import plain_url, run_postgres, verify_files
from hotline.backup.recordings import restore_recordings
from hotline.backup.snapshot import (
    ASTDB,
    FILES,
    JOURNAL,
    MAIN_DUMP,
    MAIN_SQLITE,
    SPOOL,
    BackupFailed,
    Snapshot,
    copy_sqlite,
    read_snapshot,
)
from hotline.installation import Installation
from recording.facts import RecordingSealed
from store.database import Database
from store.durable import private_folder
from store.node_journal import NodeJournal
from store.tables import FactRow, NodePosition
from telephony.registry import CEL_BOOKMARK

Say = Callable[[str], None]


async def restore(
    installation: Installation, place: Path, say: Say, *, keep_database: bool = False
) -> None:
    """Into an empty data folder. `keep_database`: main was not lost and stays as it is.

    Damaged recordings are told in a `BackupFailed`, once everything else is restored.
    """
    snapshot = read_snapshot(place)
    _refuse_unfit(installation, snapshot)
    await _refuse_full(installation, keep=keep_database)
    verify_files(place, snapshot)
    private_folder(installation.settings.data_dir)
    if not keep_database:
        _restore_main(installation.settings.database_url, place, snapshot)
    copy_sqlite(place / JOURNAL, installation.journal_path)
    _forget_events(installation.journal_path)
    if keep_database:
        await _go_on_after(installation)
    _restore_files(installation, place)
    damaged = restore_recordings(_backup_of(place), snapshot, installation.settings.archive)
    say(
        f"已恢复 / restored: {snapshot.made_at.astimezone():%Y-%m-%d %H:%M:%S}, "
        f"{len(snapshot.recordings) - len(damaged)} 录音 / recordings"
    )
    if damaged:
        raise BackupFailed("\n".join(["以下录音除外,均已恢复 / all is restored but:", *damaged]))


def _backup_of(snapshot: Path) -> Path:
    return snapshot.resolve().parents[1]


def _refuse_unfit(installation: Installation, snapshot: Snapshot) -> None:
    settings = installation.settings
    kind = make_url(settings.database_url).drivername.partition("+")[0]
    if kind != snapshot.database:
        raise BackupFailed(
            f"备份来自 / the snapshot is of {snapshot.database}, HOTLINE_DATABASE: {kind}"
        )
    if settings.node != snapshot.node:
        raise BackupFailed(f"备份来自 / the snapshot is of HOTLINE_NODE={snapshot.node}")
    left = [p.name for p in settings.data_dir.glob("*") if not p.name.endswith(".lock")]
    if left:
        raise BackupFailed(
            f"{settings.data_dir}: 不是空目录 / not empty: {', '.join(sorted(left)[:5])}"
        )


async def _refuse_full(installation: Installation, *, keep: bool) -> None:
    url = installation.settings.database_url
    if url.startswith("sqlite"):
        if keep:
            raise BackupFailed("--keep-database: 只用于 PostgreSQL / is for PostgreSQL")
        return
    database = Database(url)
    try:
        async with database.engine.connect() as connection:
            tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
    finally:
        await database.close()
    if tables and not keep:
        raise BackupFailed(
            "数据库不是空的 / the database is not empty; 未丢失则用 / not lost? --keep-database"
        )


def _restore_main(url: str, place: Path, snapshot: Snapshot) -> None:
    if snapshot.database == "sqlite":
        copy_sqlite(place / MAIN_SQLITE, Path(str(make_url(url).database)))
        return
    run_postgres([
        "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={plain_url(url)}",
        str(place / MAIN_DUMP),
    ])  # fmt: skip


def _forget_events(journal: Path) -> None:
    """Asterisk's event file begins anew: what was read of the old one says nothing of it."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as copy:
        copy.execute("DELETE FROM bookmark WHERE name LIKE ? || '%'", (CEL_BOOKMARK,))


async def _go_on_after(installation: Installation) -> None:
    """Main has facts that this copy of the journal has not: never use their numbers again."""
    node = installation.settings.node
    database = installation.open_database()
    try:
        async with database.reading() as session:
            reached = await session.scalar(
                select(NodePosition.number).where(NodePosition.node == node)
            )
            seal = await session.scalar(
                select(FactRow)
                .where(FactRow.node == node, FactRow.kind == RecordingSealed.kind)
                .order_by(FactRow.node_number.desc())
                .limit(1)
            )
    finally:
        await database.close()
    journal = NodeJournal(installation.journal_path, node)
    behind = reached is not None and reached > journal.newest
    journal.close()
    if behind and reached is not None:
        _count_on(installation.journal_path, reached, seal)


def _count_on(file: Path, reached: int, seal: FactRow | None) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as journal:
        journal.execute("BEGIN IMMEDIATE")
        first = max(reached, time.time_ns() // 1000)
        if seal is not None and seal.node_number is not None:
            # The next recording is chained to this one. Its number is behind `reached`:
            # it is never forwarded a second time.
            journal.execute(
                "INSERT OR IGNORE INTO entry (number, kind, at, call_id, data, private)"
                " SELECT node_number, kind, at, call_id, data, '{}' FROM"
                " (SELECT ? AS node_number, ? AS kind, ? AS at, ? AS call_id, ? AS data)",
                _seal_row(seal),
            )
        journal.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'entry'", (first,))
        journal.execute(
            "INSERT INTO bookmark VALUES ('forwarded', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (reached,),
        )
        journal.execute("COMMIT")


def _seal_row(seal: FactRow) -> tuple[int | None, str, str, str | None, str]:
    import json

    return seal.node_number, seal.kind, seal.at.isoformat(), seal.call_id, json.dumps(seal.data)


def _restore_files(installation: Installation, place: Path) -> None:
    data = installation.settings.data_dir
    folder = installation.folder
    folder.make()
    owner = folder.program.user
    if (place / FILES / "data").is_dir():
        shutil.copytree(place / FILES / "data", data, dirs_exist_ok=True)
    if (place / ASTDB).is_file():
        copy_sqlite(place / ASTDB, folder.base / "db" / ASTDB)
        os.chown(folder.base / "db" / ASTDB, *owner)
    shutil.copytree(place / SPOOL, folder.recordings, dirs_exist_ok=True)
    for path in folder.recordings.rglob("*"):
        os.chown(path, *owner)
