"""What a call is owed, and from when on."""

from datetime import timedelta

from hotline.owed.ledger import AT_ONCE, TICKET, TRANSCRIBE, finish, lease, offered, owe
from hotline.owed.tables import OwedWork
from hotline.projection import TRANSCRIPT_WITHIN, project
from recording.facts import RecordingSealed, SealFailed
from store.base import now
from store.database import Database


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


async def test_done_and_owed_again_in_one_transaction_is_owed(database: Database) -> None:
    async with database.transaction() as session:
        await owe(session, "c1", TICKET)
        leased = await lease(session, "c1", TICKET, "me", now())
        assert leased is not None
        await finish(session, leased)
        await owe(session, "c1", TICKET, again=True)
    assert await due(database) == {TICKET}
    async with database.reading() as session:
        work = await session.get_one(OwedWork, ("c1", TICKET))
        assert (work.state, work.attempts) == ("owed", 0)


async def test_what_somebody_is_at_is_not_made_to_wait(database: Database) -> None:
    """A second debt for sooner or later changes nothing of work that was begun."""
    async with database.transaction() as session:
        await owe(session, "c1", TICKET)
        assert await lease(session, "c1", TICKET, "me", now()) is not None
        await owe(session, "c1", TICKET, again=True)
        await owe(session, "c1", TICKET, not_before=now() + timedelta(minutes=1))
    async with database.reading() as session:
        work = await session.get_one(OwedWork, ("c1", TICKET))
        assert (work.state, work.attempts, work.lease_owner) == ("owed", 1, "me")
        assert work.not_before == AT_ONCE


async def test_a_later_part_of_the_recording_is_transcribed_too(database: Database) -> None:
    """
    part 1 | transcribed
    part 1 | told again: nothing
    part 2 | owed anew
    """

    def sealed(part: int) -> RecordingSealed:
        return RecordingSealed(
            at=now(), call_id="c1", node="pbx", part=part, folder=f"c1.{part}",
            manifest_sha256=str(part) * 64, previous="", clock_start=now(), seconds=4.0, tracks=[],
        )  # fmt: skip

    first = sealed(1)
    async with database.transaction() as session:
        await project(session, first, {})
        leased = await lease(session, "c1", TRANSCRIBE, "me", now())
        assert leased is not None
        await finish(session, leased)
    async with database.transaction() as session:
        await project(session, first, {})
    assert TRANSCRIBE not in await due(database)
    async with database.transaction() as session:
        await project(session, sealed(2), {})
    assert TRANSCRIBE in await due(database)


async def test_a_seal_that_fails_delays_no_ticket(database: Database) -> None:
    async with database.transaction() as session:
        await project(session, SealFailed(at=now(), call_id="c1", reason="OSError"), {})
    assert await due(database) == set()
    assert await due(database, TRANSCRIPT_WITHIN) == {TICKET}
