"""What is held back on a real, small disk: made, given up in two parts, made again."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hotline.health.reserve import LAST_SHARE, Level, Reserve, ReservedJournal, disk_of
from store.base import now
from store.node_journal import Entry, JournalBroken
from telephony.facts import CallEnded
from tests.e2e.bad_calls.small_disk import LEFT, SmallDisk, small_disk

SIZE, LEAST = 16_000_000, 2_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "data", megabytes=64) as disk:
        yield disk


@pytest.fixture
def reserve(tmp_path: Path, disk: SmallDisk) -> Reserve:
    made = Reserve(tmp_path / "data", SIZE, LEAST)
    assert made.is_due and made.look()
    return made


def free(reserve: Reserve) -> int:
    seen = os.statvfs(reserve.path.parent)
    return seen.f_bavail * seen.f_frsize


def test_it_is_real_blocks_and_counts_as_free(tmp_path: Path, disk: SmallDisk) -> None:
    before = free(made := Reserve(tmp_path / "data", SIZE, LEAST))
    assert made.look() and made.level is Level.WHOLE
    assert before - free(made) == pytest.approx(SIZE, abs=8192)
    assert disk_of(tmp_path / "data").free == pytest.approx(before, abs=8192)
    assert disk_of(tmp_path / "data").used_percent < 1
    assert not made.is_due and not made.look()


def test_it_is_given_up_in_two_parts_and_made_again_when_there_is_room(
    disk: SmallDisk, reserve: Reserve
) -> None:
    """
    disk        | level | held
    full        | spent | a quarter
    full again  | gone  | nothing; also for the program that is started next
    some room   | gone  | nothing: with the reserve made, it would be given up again at once
    room        | whole | all
    """
    disk.fill_at_once()
    assert reserve.is_due and reserve.look()
    assert (reserve.level, reserve.missing_bytes) == (Level.SPENT, SIZE - SIZE // LAST_SHARE)
    assert free(reserve) > LEAST and not reserve.look()
    disk.fill_at_once()
    assert reserve.look() and reserve.level is Level.GONE
    assert not reserve.look()
    assert Reserve(reserve.path.parent, SIZE, LEAST).level is Level.GONE
    disk.shrink(SIZE - 2 * LEAST)
    assert free(reserve) > SIZE and not reserve.look()
    disk.free()
    assert reserve.look() and reserve.level is Level.WHOLE


def test_without_room_there_is_none_and_it_says_so(tmp_path: Path, disk: SmallDisk) -> None:
    made = Reserve(tmp_path / "data", 80_000_000, LEAST)
    assert not made.look() and made.level is Level.MISSING
    assert not made.path.exists()


def test_a_changed_size_is_taken_up_and_none_is_none(disk: SmallDisk, reserve: Reserve) -> None:
    folder = reserve.path.parent
    for size in (2 * SIZE, SIZE // 2):
        changed = Reserve(folder, size, LEAST)
        assert changed.look() and changed.path.stat().st_size == size
    off = Reserve(folder, 0, LEAST)
    off.look()
    assert off.level is Level.OFF and not off.path.exists()


def test_the_journal_is_written_on_a_full_disk_with_what_was_held_back(
    disk: SmallDisk, reserve: Reserve
) -> None:
    path = reserve.path.parent / "journal.sqlite"
    journal = ReservedJournal(path, "pbx")

    def write(times: int) -> None:
        for _ in range(times):
            fact = CallEnded(at=now(), call_id="pbx-1.1")
            journal.append([Entry(fact, private={"x": "y" * 20_000})])

    write(1)
    disk.fill_at_once()
    with pytest.raises(JournalBroken):
        write(LEFT // 10_000)
    journal.reserve = reserve
    write(LEFT // 10_000)
    assert reserve.level is not Level.WHOLE
    journal.close()
    with closing(sqlite3.connect(path)) as seen:
        assert seen.execute("PRAGMA integrity_check").fetchone() == ("ok",)
