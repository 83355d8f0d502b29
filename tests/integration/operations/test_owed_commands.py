"""`hotline owed`: dead work is offered again; facts that changed no rows change them."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from casework.ringback.keeping import call_ended, rung
from casework.ringback.rules import Deadlines, Ended
from casework.ringback.tables import Ringback
from hotline.health.heartbeat import parts_health
from hotline.owed.ledger import TICKET, TRANSCRIBE, owe
from hotline.owed.tables import OwedWork
from hotline.projection import project
from hotline.settings import Settings
from store import journal
from store.base import now
from store.database import Database
from store.facts import Fact
from store.forwarder import Forwarder
from store.node_journal import Entry, NodeJournal
from telephony import facts as f
from telephony.roles import Place, Role
from telephony.tables import Leg, PhoneCall
from tests.e2e.stage import until
from tests.integration.operations.program import hotline

CALL = "pbx-1764000000.12"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
async def database(settings: Settings) -> Database:
    database = Database(settings.database_url)
    await database.migrate()
    return database


async def test_dead_work_is_listed_and_offered_again(
    settings: Settings, database: Database
) -> None:
    async with database.transaction() as session:
        await owe(session, CALL, TRANSCRIBE)
        await owe(session, CALL, TICKET)
        await session.execute(
            update(OwedWork)
            .where(OwedWork.stage == TICKET)
            .values(state="dead", attempts=50, last_error="OSError: the disk")
        )

    listed = await hotline(settings, "owed", "list")
    assert CALL in listed.out and "dead" in listed.out and "OSError" in listed.out
    assert (await hotline(settings, "owed", "retry")).code == 1
    refused = await hotline(settings, "owed", "retry", "pbx-9")
    assert refused.code == 1 and "Traceback" not in refused.error

    again = await hotline(settings, "owed", "retry", CALL)
    assert (again.code, again.out.strip()[-1]) == (0, "1")
    async with database.reading() as session:
        rows = {row.stage: row for row in await session.scalars(select(OwedWork))}
        told = await journal.after(session, 0, 10, kinds=["work_offered_again"])
    await database.close()
    assert (rows[TICKET].state, rows[TICKET].attempts) == ("owed", 0)
    assert [(row.call_id, row.data["stage"]) for row in told] == [(CALL, TICKET)]


async def test_a_given_up_projection_is_redone_with_all_that_followed(
    settings: Settings, database: Database
) -> None:
    """
    fact          | forwarded           | redone
    call_started  | yes                 |
    leg_started   | given up            | the leg, with its number
    leg_moved     | found no leg        | the leg is in the queue
    """
    node = NodeJournal(settings.data_dir / "journal-pbx.sqlite", "pbx")
    leg = {"call_id": CALL, "leg_id": CALL, "role": Role.CITIZEN}
    node.append(
        [
            Entry(f.CallStarted(at=now(), call_id=CALL, node="pbx", called="12345")),
            Entry(f.LegStarted(at=now(), channel="PJSIP/1", **leg), private={"number": "1380"}),
            Entry(f.LegMoved(at=now(), place=Place.QUEUE, **leg)),
        ]
    )

    await forward_clumsily(node, database)
    assert await journal_is_well(database) is False

    redone = await hotline(settings, "owed", "redo-projections")
    assert redone.code == 0, redone.out + redone.error
    async with database.reading() as session:
        found = await session.get_one(Leg, CALL)
        calls = list(await session.scalars(select(PhoneCall)))
    assert (found.number, found.place) == ("1380", "queue")
    assert len(calls) == 1
    assert await journal_is_well(database) is True
    again = await hotline(settings, "owed", "redo-projections")
    assert (again.code, again.out.strip()[-1]) == (0, "0")
    await database.close()
    node.close()


async def test_a_citizen_long_rung_back_is_not_rung_again_because_of_a_redone_call(
    settings: Settings, database: Database
) -> None:
    """
    fact          | forwarded                          | redone
    call_started  | yes                                |
    leg_started   | given up                           | the leg
    call_ended    | missed: a ring-back, since closed  | no ring-back
    """
    node = NodeJournal(settings.data_dir / "journal-pbx.sqlite", "pbx")
    number, ended = "+8613800138000", now() - timedelta(days=2)
    node.append(
        [
            Entry(
                f.CallStarted(at=ended, call_id=CALL, node="pbx", called="12345"),
                private={"caller_number": number},
            ),
            Entry(
                f.LegStarted(
                    at=ended, call_id=CALL, leg_id=CALL, role=Role.CITIZEN, channel="PJSIP/1"
                )
            ),
            Entry(f.CallEnded(at=ended, call_id=CALL)),
        ]
    )
    await forward_clumsily(node, database)
    async with database.transaction() as session:
        await rung(session, number, "pbx-2", ended + timedelta(hours=1), talked=True)

    redone = await hotline(settings, "owed", "redo-projections")
    assert redone.code == 0, redone.out + redone.error
    async with database.reading() as session:
        assert await session.get(Leg, CALL) is not None
        rows = list(await session.scalars(select(Ringback)))
    assert [(row.state, row.how, row.calls) for row in rows] == [("closed", "rung_back", [CALL])]
    await database.close()
    node.close()


async def test_a_call_told_late_closes_no_younger_ring_back(database: Database) -> None:
    number, asked = "+8613800138000", now() - timedelta(minutes=5)
    async with database.transaction() as session:
        missed = Ended("pbx-1", number, asked, asked, queued_at=asked)
        await call_ended(session, missed, Deadlines(), None)
        before = asked - timedelta(days=2)
        talked = Ended("pbx-2", number, before, before, talked=True)
        await call_ended(session, talked, Deadlines(), None)
        await rung(session, number, "pbx-3", before, talked=True)
    async with database.reading() as session:
        row = (await session.scalars(select(Ringback))).one()
    await database.close()
    assert (row.state, row.tries) == ("open", 0)


async def forward_clumsily(node: NodeJournal, database: Database) -> None:
    """All that this node wrote; of each leg's start the projection is given up."""

    async def clumsy(session: object, fact: Fact, private: object) -> None:
        if isinstance(fact, f.LegStarted):
            raise ValueError("a mistake of this version")
        await project(session, fact, private)  # type: ignore[arg-type]

    forwarder = Forwarder(node, database, clumsy)
    forwarding = asyncio.create_task(forwarder.run())
    await until(lambda: node.forwarded == node.newest, 20, "all forwarded")
    forwarding.cancel()
    await asyncio.gather(forwarding, return_exceptions=True)
    assert forwarder.gave_up == 1


async def journal_is_well(database: Database) -> bool:
    [part] = [part for part in await parts_health(database) if part.name == "journal"]
    return part.well
