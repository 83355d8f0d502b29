"""What a call is owed, and from when on."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hotline.owed.ledger import AT_ONCE, TICKET, TRANSCRIBE, finish, lease, offered, owe
from hotline.projection import TRANSCRIPT_WITHIN, project
from recording.facts import SealFailed
from store.base import now
from store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'hotline.sqlite'}")
    await database.create_all()
    yield database
    await database.close()


async def due(database: Database, later: timedelta = timedelta()) -> set[str]:
    async with database.reading() as session:
        return {work.stage for work in await offered(session, (TICKET, TRANSCRIBE), now() + later)}


async def test_owed_for_later_then_for_sooner_is_owed_for_sooner(database: Database) -> None:
    async with database.transaction() as session:
        await owe(session, "c1", TICKET, not_before=now() + timedelta(minutes=1))
    assert await due(database) == set()
    async with database.transaction() as session:
        await owe(session, "c1", TICKET, again=True)
    assert await due(database) == {TICKET}
    async with database.transaction() as session:
        await owe(session, "c1", TICKET, not_before=now() + timedelta(minutes=1))
    assert await due(database) == {TICKET}


async def test_work_done_is_owed_again_only_when_asked(database: Database) -> None:
    async with database.transaction() as session:
        await owe(session, "c1", TICKET)
        leased = await lease(session, "c1", TICKET, "me", now())
        assert leased is not None
        await finish(session, leased)
        await owe(session, "c1", TICKET, not_before=AT_ONCE)
    assert await due(database) == set()
    async with database.transaction() as session:
        await owe(session, "c1", TICKET, again=True)
    assert await due(database) == {TICKET}


async def test_a_seal_that_fails_delays_no_ticket(database: Database) -> None:
    async with database.transaction() as session:
        await project(session, SealFailed(at=now(), call_id="c1", reason="OSError"), {})
    assert await due(database) == set()
    assert await due(database, TRANSCRIPT_WITHIN) == {TICKET}
