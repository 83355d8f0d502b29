"""SQLite written from a thread of its own: nobody else waits for it."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from store.aside import Aside
from store.database import Database, DatabaseAway

BUSY_SECONDS = 1.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "main.sqlite") as plain:
        plain.execute("CREATE TABLE said (word TEXT)")
    return tmp_path / "main.sqlite"


def words(place: Path) -> list[str]:
    with sqlite3.connect(place) as plain:
        return [word for (word,) in plain.execute("SELECT word FROM said ORDER BY rowid")]


async def test_a_locked_database_stops_its_own_thread_alone(place: Path) -> None:
    aside, ticks = Aside(Database(f"sqlite:///{place}", busy_seconds=BUSY_SECONDS)), 0

    async def say() -> None:
        async with aside.database.transaction() as session:
            await session.execute(text("INSERT INTO said VALUES ('hello')"))

    locker = sqlite3.connect(place, isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    writing = asyncio.create_task(aside.run(say))
    while not writing.done():
        ticks += 1
        await asyncio.sleep(0.01)
    with pytest.raises(DatabaseAway):
        await writing
    assert ticks > BUSY_SECONDS / 0.01 / 2, "this loop went on meanwhile"
    locker.execute("ROLLBACK")
    await aside.run(say)
    assert words(place) == ["hello"]
    await aside.close()


async def test_what_has_begun_ends_and_the_next_one_waits_for_it(place: Path) -> None:
    aside = Aside(Database(f"sqlite:///{place}"))
    began, go = threading.Event(), threading.Event()
    said: list[str] = []

    async def first() -> None:
        began.set()
        go.wait(5)
        said.append("first")

    async def second() -> None:
        said.append("second")

    running = asyncio.create_task(aside.run(first))
    await asyncio.to_thread(began.wait, 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    following = asyncio.create_task(aside.run(second))
    assert said == []
    go.set()
    await following
    assert said == ["first", "second"]
    await aside.close()
