"""Room hotline: `hotline backup FOLDER`, `hotline restore FOLDER`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.common import fail, installation

if TYPE_CHECKING:
    from collections.abc import Callable


def backup(
    folder: Annotated[Path, typer.Argument(help="备份目录 / folder of backups, on another disk")],
    link: Annotated[
        bool, typer.Option("--link", help="录音用硬链接(同一磁盘) / hard-link recordings")
    ] = False,
) -> None:
    """备份,服务照常运行 / back up beside the running service; recordings are copied once."""
    from hotline.backup.making import make_backup

    _told(lambda: make_backup(installation(), folder, typer.echo, link=link))


def restore(
    folder: Annotated[Path, typer.Argument(help="备份目录或其中一次 / folder, or one snapshot")],
    keep_database: Annotated[
        bool,
        typer.Option("--keep-database", help="PostgreSQL 未丢失,保留 / main was not lost: keep it"),
    ] = False,
) -> None:
    """恢复到空的数据目录 / restore into an empty data folder."""
    from hotline.backup.restoring import restore as restore_snapshot
    from hotline.backup.snapshot import LIST, newest_snapshot

    def work() -> None:
        place = folder if (folder / LIST).is_file() else newest_snapshot(folder)
        asyncio.run(
            restore_snapshot(installation(), place, typer.echo, keep_database=keep_database)
        )

    _told(work)


def _told(work: Callable[[], object]) -> None:
    import sqlite3

    from hotline.backup.snapshot import BackupFailed
    from store.database import DatabaseAway
    from telephony.asterisk.install import AsteriskMissing

    try:
        work()
    except (BackupFailed, DatabaseAway, AsteriskMissing, OSError, sqlite3.Error) as failed:
        fail(str(failed))
