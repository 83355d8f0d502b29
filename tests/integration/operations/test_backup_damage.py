"""A backup beside writers that never rest; one damaged recording holds up nothing else.

backup:  FOLDER/snapshots/<time>/snapshot.json lists what FOLDER/archive holds for all snapshots
restore: everything that is whole comes back, what is not is named
"""

import asyncio
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hotline.backup.making import make_backup
from hotline.backup.restoring import restore
from hotline.backup.snapshot import (
    ARCHIVE,
    LIST,
    MAIN_SQLITE,
    SNAPSHOTS,
    BackupFailed,
    check_recording,
    copy_sqlite,
    newest_snapshot,
    read_snapshot,
)
from hotline.installation import Installation
from hotline.set_up import migrate
from hotline.settings import Settings
from recording.seal import seal
from tests.integration.operations.program import Said, hotline

START_MS = 1764000000000
MANIFEST, TRACK, MIX = "manifest.json", "01-citizen.flac", "mix.flac"


def given_recording(data: Path, number: int) -> str:
    """Sealed long ago; its folder within the archive."""
    spool = data.parent / "spool" / f"pbx-1764000000.{number}"
    spool.mkdir(parents=True)
    for place, role in enumerate(("citizen", "operator"), 1):
        hum = (9000 * np.sin(np.arange(4000) * 0.1 * (number + place))).astype(np.int16)
        file = spool / f"{role}~{START_MS}~leg.{number}{place}~said.wav"
        soundfile.write(file, hum, 8000, subtype="PCM_16")
    sealed_at = datetime.fromtimestamp(START_MS / 1000 + 60, UTC)
    return seal(spool, data / "archive", (), "pbx", "0" * 64, sealed_at).folder


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """A data folder without anything running, and without an Asterisk that could."""
    (tmp_path / "rootfs/usr/sbin").mkdir(parents=True)
    (tmp_path / "rootfs/usr/sbin/asterisk").touch()
    (tmp_path / "rootfs/etc").mkdir()
    passwd = f"asterisk:x:{os.getuid()}:{os.getgid()}:::"
    (tmp_path / "rootfs/etc/passwd").write_text(passwd, "utf-8")
    made = Installation(Settings(data_dir=tmp_path / "data", rootfs=tmp_path / "rootfs"))
    asyncio.run(migrate(made))
    made.open_journal().close()
    return made


@pytest.fixture
def folders(place: Installation) -> list[str]:
    """Three sealed recordings."""
    return [given_recording(place.settings.data_dir, number) for number in (1, 2, 3)]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup"


@pytest.fixture
def elsewhere(place: Installation, tmp_path: Path) -> Installation:
    """Where it is restored."""
    return Installation(place.settings.model_copy(update={"data_dir": tmp_path / "restored"}))


def unheard(text: str) -> None:
    """What a command says beside its result."""


def told(place: Installation, *words: str) -> Said:
    return asyncio.run(hotline(place.settings, *words))


def listed(backup: Path) -> list[str]:
    return [sealed.folder for sealed in read_snapshot(newest_snapshot(backup)).recordings]


def holds(archive: Path) -> list[str]:
    return sorted(str(p.relative_to(archive)) for p in archive.glob("*/*/*/*"))


def opened(folder: Path) -> Path:
    folder.chmod(0o700)
    for file in folder.iterdir():
        file.chmod(0o600)
    return folder


def cut_short(folder: Path) -> None:
    os.truncate(opened(folder) / TRACK, 0)


def changed(folder: Path) -> None:
    """As long as it was."""
    sound = (opened(folder) / TRACK).read_bytes()
    (folder / TRACK).write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))


def without_track(folder: Path) -> None:
    (opened(folder) / TRACK).unlink()


def without_mix(folder: Path) -> None:
    (opened(folder) / MIX).unlink()


def without_manifest(folder: Path) -> None:
    (opened(folder) / MANIFEST).unlink()


def empty_manifest(folder: Path) -> None:
    os.truncate(opened(folder) / MANIFEST, 0)


# -- a writer that never rests --------------------------------------------------------------------


def given_big_database(path: Path, megabytes: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE entry (data BLOB)")
        db.execute("CREATE TABLE tally (entries INTEGER)")
        with db:
            db.executemany("INSERT INTO entry VALUES (randomblob(1000000))", [()] * megabytes)
            db.execute("INSERT INTO tally VALUES (?)", (megabytes,))


@contextmanager
def steady_writer(path: Path, seconds: float) -> Iterator[threading.Thread]:
    """Every few ms one commit: an entry and the tally of all. Ends by itself after `seconds`."""
    over = threading.Event()
    begun = threading.Event()
    until = time.monotonic() + seconds

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as db:
            db.execute("PRAGMA synchronous=OFF")
            while time.monotonic() < until and not over.wait(0.002):
                with db:
                    db.execute("INSERT INTO entry VALUES ('one more')")
                    db.execute("UPDATE tally SET entries = entries + 1")
                begun.set()

    writer = threading.Thread(target=write, name="steady writer")
    writer.start()
    try:
        assert begun.wait(seconds)
        yield writer
    finally:
        over.set()
        writer.join()


def test_a_database_is_copied_while_a_writer_never_rests(tmp_path: Path) -> None:
    """
    writer  | one commit every 2 ms, for 20 s
    copy    | 40 MB, done while he still writes, in one of the states he committed
    """
    live, copy = tmp_path / "live.sqlite", tmp_path / "copy.sqlite"
    given_big_database(live, megabytes=40)
    with steady_writer(live, seconds=20) as writer:
        copy_sqlite(live, copy)
        assert writer.is_alive(), "the copy waited for the writer to rest"
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        entries = db.execute("SELECT count(*) FROM entry").fetchone()
        assert db.execute("SELECT entries FROM tally").fetchone() == entries


# -- power that fails -----------------------------------------------------------------------------


def test_nothing_has_its_name_before_it_is_on_disk(
    place: Installation, folders: list[str], backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    on disk                         | before
    a recording's files, its folder | its name
    all files of the snapshot       | snapshot.json
    """
    synced: list[Path] = []
    to_disk = os.fsync

    def noted(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        to_disk(handle)

    monkeypatch.setattr(os, "fsync", noted)
    made = make_backup(place, backup, unheard)

    for folder in folders:
        copy = backup / ARCHIVE / folder
        building = copy.with_name(f".building-{copy.name}")
        assert {building / file.name for file in copy.iterdir()} | {building} <= set(synced)
        assert copy.parent in synced[synced.index(building) :]
    done = synced.index(made / f"{LIST}.part")
    assert {made / name for name in read_snapshot(made).files} <= set(synced[:done])
    assert synced[-1] == made


# -- a damaged copy -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage", [cut_short, without_track, without_mix, without_manifest, empty_manifest]
)
def test_a_damaged_copy_is_made_again(
    place: Installation, folders: list[str], backup: Path, damage: Callable[[Path], None]
) -> None:
    make_backup(place, backup, unheard)
    copy, *others = [backup / ARCHIVE / folder for folder in folders]
    kept = [(other / TRACK).stat().st_ino for other in others]
    damage(copy)

    make_backup(place, backup, unheard)

    check_recording(copy)
    assert copy.stat().st_mode & 0o777 == 0o500
    assert [(other / TRACK).stat().st_ino for other in others] == kept
    assert listed(backup) == folders == holds(backup / ARCHIVE)


def test_another_recording_of_that_name_is_kept_and_named(
    place: Installation, folders: list[str], backup: Path
) -> None:
    make_backup(place, backup, unheard)
    first, second, _ = [backup / ARCHIVE / folder for folder in folders]
    shutil.rmtree(opened(first))
    shutil.copytree(second, first)

    with pytest.raises(BackupFailed, match="another recording") as failed:
        make_backup(place, backup, unheard)

    assert str(first) in str(failed.value)
    assert check_recording(first) == check_recording(second)
    assert len(list((backup / SNAPSHOTS).glob(f"*/{LIST}"))) == 2


# -- a damaged recording --------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [changed, without_track, without_manifest, empty_manifest])
def test_a_damaged_recording_is_named_and_everything_else_is_backed_up(
    place: Installation, folders: list[str], backup: Path, elsewhere: Installation,
    damage: Callable[[Path], None],
) -> None:  # fmt: skip
    damaged, *whole = folders
    damage(place.settings.archive / damaged)

    with pytest.raises(BackupFailed) as failed:
        make_backup(place, backup, unheard)

    assert str(place.settings.archive / damaged) in str(failed.value)
    assert listed(backup) == whole == holds(backup / ARCHIVE)
    asyncio.run(restore(elsewhere, newest_snapshot(backup), unheard))
    assert holds(elsewhere.settings.archive) == whole


@pytest.mark.parametrize("damage", [cut_short, without_manifest, empty_manifest])
def test_what_was_copied_while_it_was_whole_is_restored(
    place: Installation, folders: list[str], backup: Path, elsewhere: Installation,
    damage: Callable[[Path], None],
) -> None:  # fmt: skip
    """
    backup   | whole                   | copied
    backup   | damaged in the archive  | named; the copy stays, and is listed
    restore  |                         | whole
    """
    make_backup(place, backup, unheard)
    damage(place.settings.archive / folders[0])

    said = told(place, "backup", str(backup))

    assert said.code == 1 and "Traceback" not in said.error
    assert folders[0] in said.error and folders[1] not in said.error
    asyncio.run(restore(elsewhere, newest_snapshot(backup), unheard))
    assert holds(elsewhere.settings.archive) == folders
    for folder in folders:
        check_recording(elsewhere.settings.archive / folder)


# -- the way back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [changed, without_track, without_manifest, empty_manifest])
def test_all_but_the_damaged_copy_is_restored(
    place: Installation, folders: list[str], backup: Path, elsewhere: Installation,
    damage: Callable[[Path], None],
) -> None:  # fmt: skip
    make_backup(place, backup, unheard)
    damaged, *whole = folders
    damage(backup / ARCHIVE / damaged)

    said = told(elsewhere, "restore", str(backup))

    assert said.code == 1 and "Traceback" not in said.error
    assert damaged in said.error and not any(folder in said.error for folder in whole)
    assert holds(elsewhere.settings.archive) == whole
    assert (elsewhere.settings.data_dir / "hotline.sqlite").is_file()
    assert elsewhere.journal_path.is_file()


def test_a_damaged_database_is_refused_before_anything_is_restored(
    place: Installation, folders: list[str], backup: Path, elsewhere: Installation
) -> None:
    made = make_backup(place, backup, unheard)
    os.truncate(made / MAIN_SQLITE, 4096)

    with pytest.raises(BackupFailed, match="missing or changed"):
        asyncio.run(restore(elsewhere, made, unheard))

    assert not elsewhere.settings.data_dir.exists()
