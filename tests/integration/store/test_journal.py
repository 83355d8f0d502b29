"""The main journal: numbers in the order of commits, for readers that resume."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from store import journal
from store.base import now
from store.database import Database
from store.facts import UnknownFact
from tests.integration.store.sample import CALL, Happened, happened

WRITERS, EACH = 4, 40


async def test_a_fact_comes_back_as_it_was(database: Database) -> None:
    fact = happened(7)
    async with database.transaction() as session:
        number = await journal.append(session, fact, node="pbx", node_number=3)
    async with database.reading() as session:
        [row] = await journal.after(session, 0)
        assert await journal.newest(session) == number == row.number
    assert row.fact() == fact
    assert (row.node, row.call_id, row.kind) == ("pbx", CALL, "test_happened")


async def test_the_tail_can_be_narrowed(database: Database) -> None:
    async with database.transaction() as session:
        for n in range(5):
            await journal.append(session, happened(n))
        await journal.append(session, Happened(at=now(), call_id="pbx-2", n=99))
        await journal.append_stored(session, "other_kind", now(), CALL, None, {"n": 5})
    async with database.reading() as session:
        assert [r.data["n"] for r in await journal.after(session, 2, 2)] == [2, 3]
        assert [r.data["n"] for r in await journal.after(session, 0, call_id="pbx-2")] == [99]
        [other] = await journal.after(session, 0, kinds=["other_kind"])
        assert await journal.after(session, other.number) == []
    with pytest.raises(UnknownFact):
        other.fact()


async def test_an_undone_transaction_leaves_no_fact(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await journal.append(session, happened(1))
            raise ZeroDivisionError
    async with database.reading() as session:
        assert await journal.newest(session) == 0


async def test_a_nodes_number_exists_once(database: Database) -> None:
    async with database.transaction() as session:
        await journal.append(session, happened(1), "pbx", 1)
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            await journal.append(session, happened(1), "pbx", 1)


async def test_who_resumes_after_a_number_misses_nothing(database: Database) -> None:
    """Four writers with transactions of different lengths, one reader that never looks back."""
    writers_done = asyncio.Event()

    async def write(writer: int) -> None:
        for i in range(EACH):
            async with database.transaction() as session:
                await journal.append(session, happened(writer * EACH + i))
                # The later number must not be seen before the earlier one is kept.
                await asyncio.sleep(0.004 * ((writer + i) % 3))

    async def read() -> list[int]:
        found: list[int] = []
        number = 0
        while True:
            last_look = writers_done.is_set()
            async with database.reading() as session:
                rows = await journal.after(session, number)
            found += [row.data["n"] for row in rows]
            number = rows[-1].number if rows else number
            if last_look:
                return found
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(read())
        async with asyncio.TaskGroup() as writers:
            for writer in range(WRITERS):
                writers.create_task(write(writer))
        writers_done.set()
    assert sorted(reader.result()) == list(range(WRITERS * EACH))
