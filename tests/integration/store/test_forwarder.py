"""From a node's journal to the main one: in order, once, whatever fails."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from store import journal
from store.base import now
from store.database import Database
from store.facts import Fact, ProjectionFailed
from store.forwarder import Forwarder, Projector
from store.node_journal import Entry, NodeJournal
from store.tables import FactRow, NodePosition
from tests.integration.store.lock_holder import lock_held
from tests.integration.store.sample import (
    CALL,
    SEEN,
    Happened,
    copied,
    happened,
    make_seen,
    remember,
    seen,
)
from tests.integration.store.waiting import until
from tests.postgres import PostgresServer


@asynccontextmanager
async def running(forwarder: Forwarder) -> AsyncIterator[None]:
    task = asyncio.create_task(forwarder.run(), name="forwarder")
    try:
        yield
        assert not task.done(), "the forwarder ended"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def write(node: NodeJournal, numbers: range) -> None:
    node.append([Entry(happened(n), private={"who": f"1380000{n:04d}"}) for n in numbers])


def done(forwarder: Forwarder, node: NodeJournal) -> Any:
    async def is_done() -> bool:
        return forwarder.health().behind == 0 and node.forwarded == node.newest

    return is_done


@pytest.fixture
async def main(database: Database) -> Database:
    await make_seen(database)
    return database


@pytest.fixture
def node(tmp_path: Path) -> NodeJournal:
    return NodeJournal(tmp_path / "node.sqlite", "pbx")


async def failures(database: Database) -> list[ProjectionFailed]:
    async with database.reading() as session:
        rows = await journal.after(session, 0, 5000, kinds=[ProjectionFailed.kind])
    found = [row.fact() for row in rows]
    return [fact for fact in found if isinstance(fact, ProjectionFailed)]


async def test_facts_and_their_rows_arrive_in_order(main: Database, node: NodeJournal) -> None:
    write(node, range(450))
    forwarder = Forwarder(node, main, remember("pbx"))
    async with running(forwarder):
        await until(done(forwarder, node))
        write(node, range(450, 460))
        await until(done(forwarder, node), within=0.9)
    assert await copied(main, "pbx") == list(range(460)) == await seen(main, "pbx")
    async with main.reading() as session:
        who = await session.scalar(select(SEEN.c.who).where(SEEN.c.n == 7))
        [row] = await journal.after(session, 7, 1)
    assert who == "13800000007"
    assert "1380" not in str(row.data), "personal data got into the journal of facts"


async def test_a_new_entry_wakes_the_forwarder(main: Database, node: NodeJournal) -> None:
    forwarder = Forwarder(node, main, remember("pbx"))
    async with running(forwarder):
        write(node, range(1))
        await until(done(forwarder, node))
        slowest = 0.0
        for n in range(1, 20):
            started = time.monotonic()
            write(node, range(n, n + 1))
            await until(done(forwarder, node))
            slowest = max(slowest, time.monotonic() - started)
    assert slowest < 0.5, f"woken after {slowest:.3f} s: by its clock, not by the entry"


async def test_two_nodes_at_once(main: Database, tmp_path: Path) -> None:
    nodes = [NodeJournal(tmp_path / f"{name}.sqlite", name) for name in ("north", "south")]
    forwarders = [Forwarder(node, main, remember(node.node)) for node in nodes]
    async with running(forwarders[0]), running(forwarders[1]):
        for start in range(0, 300, 10):
            for node in nodes:
                write(node, range(start, start + 10))
            await asyncio.sleep(0)
        for forwarder, node in zip(forwarders, nodes, strict=True):
            await until(done(forwarder, node))
    for node in nodes:
        assert await copied(main, node.node) == list(range(300)) == await seen(main, node.node)


async def test_the_same_node_twice_by_mistake(main: Database, node: NodeJournal) -> None:
    write(node, range(300))
    first, second = (Forwarder(node, main, remember("pbx")) for _ in range(2))
    async with running(first), running(second):
        await until(done(first, node))
        await until(done(second, node))
    assert await copied(main, "pbx") == list(range(300)) == await seen(main, "pbx")


async def test_sqlite_locked_by_another_process_for_seconds(tmp_path: Path) -> None:
    path = tmp_path / "main.sqlite"
    main = Database(f"sqlite:///{path}", busy_seconds=0.2)
    await main.create_all()
    await make_seen(main)
    node = NodeJournal(tmp_path / "node.sqlite", "pbx")
    forwarder = Forwarder(node, main, remember("pbx"))
    with capture_logs() as logs:
        async with running(forwarder):
            with lock_held(path):
                for n in range(20):
                    write(node, range(n, n + 1))
                    await asyncio.sleep(0.1)
                assert forwarder.is_away
                assert "locked" in (forwarder.health().reason or "")
                assert forwarder.health().behind == 20
            await until(done(forwarder, node), within=5)
    assert [line["event"] for line in logs] == ["main_database_away", "main_database_back"]
    assert not forwarder.is_away
    assert await copied(main, "pbx") == list(range(20)) == await seen(main, "pbx")
    await main.close()


async def test_postgresql_stopped_and_started(own_postgres: PostgresServer, tmp_path: Path) -> None:
    main = Database(own_postgres.url, busy_seconds=1)
    await main.create_all()
    await make_seen(main)
    node = NodeJournal(tmp_path / "node.sqlite", "pbx")
    forwarder = Forwarder(node, main, remember("pbx"))

    async def away() -> bool:
        return forwarder.is_away

    with capture_logs() as logs:
        async with running(forwarder):
            write(node, range(500))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(own_postgres.stop)
            write(node, range(500, 600))
            await until(away)
            await asyncio.to_thread(own_postgres.start)
            await until(done(forwarder, node))
    assert [line["event"] for line in logs] == ["main_database_away", "main_database_back"]
    assert await copied(main, "pbx") == list(range(600)) == await seen(main, "pbx")
    await main.close()


class Broken(RuntimeError):
    """A mistake in a projection."""


def breaks_at(bad: set[int], how: str) -> Projector:
    good = remember("pbx")

    async def project(session: AsyncSession, fact: Fact, private: Mapping[str, Any]) -> None:
        await good(session, fact, private)
        if isinstance(fact, Happened) and fact.n in bad:
            if how == "python":
                raise Broken
            if how == "timeout":
                raise TimeoutError
            await session.execute(insert(FactRow).values(number=1, kind=None, data={}))

    return project


@pytest.mark.parametrize(
    ("how", "error"),
    [("python", "Broken"), ("timeout", "TimeoutError"), ("database", "IntegrityError")],
)
async def test_one_poisonous_fact_does_not_stop_a_city(
    main: Database, node: NodeJournal, how: str, error: str
) -> None:
    write(node, range(60))
    forwarder = Forwarder(node, main, breaks_at({5, 6, 40}, how))
    with capture_logs() as logs:
        async with running(forwarder):
            await until(done(forwarder, node))
            write(node, range(60, 70))
            await until(done(forwarder, node))
    assert await copied(main, "pbx") == list(range(70))
    assert await seen(main, "pbx") == [n for n in range(70) if n not in {5, 6, 40}]
    told = await failures(main)
    assert [(f.kind_of, f.error, f.call_id) for f in told] == [("test_happened", error, CALL)] * 3
    assert [f.node_number for f in told] == [
        entry.number for entry in node.after(0) if entry.data["n"] in {5, 6, 40}
    ]
    assert forwarder.health().gave_up == 3
    assert [line["tries"] for line in logs] == [1, 2, 3] * 3


async def test_a_projection_that_mends_itself_is_not_given_up(
    main: Database, node: NodeJournal
) -> None:
    good, calls = remember("pbx"), 0

    async def project(session: AsyncSession, fact: Fact, private: Mapping[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise Broken
        await good(session, fact, private)

    write(node, range(5))
    forwarder = Forwarder(node, main, project)
    async with running(forwarder):
        await until(done(forwarder, node))
    assert await seen(main, "pbx") == list(range(5))
    assert forwarder.gave_up == 0


class Forgotten(Fact):
    """Of a kind that the program will not know when it reads it again."""

    kind: ClassVar[str] = "test_forgotten"


async def test_an_unknown_fact_is_copied_all_the_same(
    main: Database, node: NodeJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(node, range(1))
    node.append([Entry(Forgotten(at=now(), call_id=CALL))])
    write(node, range(1, 2))
    monkeypatch.delitem(__import__("store.facts").facts._KINDS, "test_forgotten")
    forwarder = Forwarder(node, main, remember("pbx"))
    async with running(forwarder):
        await until(done(forwarder, node))
    async with main.reading() as session:
        kinds = [row.kind for row in await journal.after(session, 0)]
    assert kinds == ["test_happened", "test_forgotten", "test_happened", "projection_failed"]
    assert [f.error for f in await failures(main)] == ["UnknownFact"]


class Named(Fact):
    """Carries text from outside."""

    kind: ClassVar[str] = "test_named"
    name: str
    level: float = 0.0


@pytest.mark.parametrize(
    "strange",
    [
        Named(at=now(), call_id="pbx\0-1", name="nul"),
        Named(at=now(), call_id="x" * 200, name="long"),
        Named(at=now(), name="a\0b"),
        Named(at=now(), name="half \ud83d surrogate"),
        Named(at=now(), name="王小明 😀", level=float("nan")),
    ],
    ids=["nul in id", "long id", "nul in text", "half surrogate", "no number"],
)
async def test_what_a_database_refuses_is_cleaned_and_copied(
    main: Database, node: NodeJournal, strange: Named
) -> None:
    async def ignore(session: AsyncSession, fact: Fact, private: Mapping[str, Any]) -> None:
        """No room wants this."""

    node.append([Entry(strange)])
    write(node, range(1))
    forwarder = Forwarder(node, main, ignore)
    async with running(forwarder):
        await until(done(forwarder, node))
    async with main.reading() as session:
        kinds = [row.kind for row in await journal.after(session, 0)]
    assert kinds[0] == "test_named"
    assert kinds[-1] == "test_happened"


async def test_tables_that_are_missing_are_waited_for(database_url: str, tmp_path: Path) -> None:
    main = Database(database_url)
    node = NodeJournal(tmp_path / "node.sqlite", "pbx")
    write(node, range(3))
    forwarder = Forwarder(node, main, remember("pbx"))

    async def away() -> bool:
        return forwarder.is_away

    async with running(forwarder):
        await until(away)
        await main.create_all()
        await make_seen(main)
        await until(done(forwarder, node))
    assert await copied(main, "pbx") == [0, 1, 2] == await seen(main, "pbx")
    await main.close()


async def test_a_main_database_put_back_from_a_backup_gets_what_it_lacks(
    main: Database, node: NodeJournal
) -> None:
    write(node, range(20))
    await Forwarder(node, main, remember("pbx")).copy_batch()
    tenth = node.after(0)[9].number
    async with main.transaction() as session:
        await session.execute(delete(FactRow).where(FactRow.node_number > tenth))
        await session.execute(delete(SEEN).where(SEEN.c.n > 9))
        await session.execute(update(NodePosition).values(number=tenth))
    forwarder = Forwarder(node, main, remember("pbx"))
    await forwarder.copy_batch()
    assert await copied(main, "pbx") == list(range(20)) == await seen(main, "pbx")


async def test_a_journal_begun_anew_on_a_new_disk_loses_nothing(
    main: Database, node: NodeJournal, tmp_path: Path
) -> None:
    write(node, range(5))
    await Forwarder(node, main, remember("pbx")).copy_batch()
    anew = NodeJournal(tmp_path / "anew.sqlite", "pbx")
    write(anew, range(5, 8))
    await Forwarder(anew, main, remember("pbx")).copy_batch()
    assert await copied(main, "pbx") == list(range(8)) == await seen(main, "pbx")


async def test_an_old_copy_of_a_journal_is_refused_aloud(
    main: Database, node: NodeJournal, tmp_path: Path
) -> None:
    write(node, range(2))
    shutil.copy(tmp_path / "node.sqlite", tmp_path / "old.sqlite")
    shutil.copy(tmp_path / "node.sqlite-wal", tmp_path / "old.sqlite-wal")
    write(node, range(2, 9))
    await Forwarder(node, main, remember("pbx")).copy_batch()
    old = NodeJournal(tmp_path / "old.sqlite", "pbx")
    write(old, range(100, 101))
    forwarder = Forwarder(old, main, remember("pbx"))

    async def away() -> bool:
        return forwarder.is_away

    with capture_logs() as logs:
        async with running(forwarder):
            await until(away)
    assert "main has" in logs[0]["reason"]
    assert [entry.data["n"] for entry in old.after(0)] == [0, 1, 100]
    assert await copied(main, "pbx") == list(range(9))
