"""No call is without a ticket: the net below everything that could lose its work."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from hotline.found_in_spool import STILL_FOR
from hotline.owed.ledger import TICKET, owe
from hotline.owed.tables import OwedWork
from hotline.projection import project
from hotline.sealing import Sealer
from hotline.unrecorded import FORGOTTEN_AFTER, NOT_BEFORE, forgotten, watch_forgotten
from recording.tables import Recording
from store.base import now
from store.database import Database
from store.forwarder import Forwarder
from store.node_journal import NodeJournal
from telephony import facts as f
from telephony.registry import Registry
from telephony.roles import Role
from telephony.tables import Leg, PhoneCall
from tests.e2e.stage import until
from tests.unit.recording.test_repair import wav

CALL = "pbx-1764000000.12"


async def given_database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'main.sqlite'}")
    await database.migrate()
    return database


async def test_a_call_that_is_owed_nothing_is_owed_a_ticket(tmp_path: Path) -> None:
    database = await given_database(tmp_path)
    moment = now()
    ended = {
        "lost": moment - 2 * FORGOTTEN_AFTER, "just over": moment,
        "of long ago": moment - 2 * NOT_BEFORE, "owed": moment - 2 * FORGOTTEN_AFTER,
        "we rang": moment - 2 * FORGOTTEN_AFTER,
    }  # fmt: skip
    async with database.transaction() as session:
        for call_id, at in ended.items():
            session.add(
                PhoneCall(
                    call_id=call_id, node="pbx", started_at=at, ended_at=at, called="12345",
                    stage="ended", direction="out" if call_id == "we rang" else "in",
                )
            )  # fmt: skip
        await owe(session, "owed", TICKET)
    async with database.reading() as session:
        assert await forgotten(session, now()) == ["lost"]
    watching = asyncio.create_task(watch_forgotten(database))

    async def is_owed() -> bool:
        async with database.reading() as session:
            return await session.get(OwedWork, ("lost", TICKET)) is not None

    await until(is_owed, 20, "owed")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    async with database.reading() as session:
        assert await forgotten(session, now()) == []
    await database.close()


async def test_a_call_whose_recording_could_not_be_begun_tells_its_gap(tmp_path: Path) -> None:
    """Asterisk said TRACK; the disk was too full for a folder."""
    registry = Registry(NodeJournal(tmp_path / "journal.sqlite", "pbx"), "pbx")
    began = now() - timedelta(seconds=30)
    leg = {"call_id": CALL, "leg_id": CALL, "role": Role.CITIZEN}
    registry.record(f.CallStarted(at=began, call_id=CALL, node="pbx", called="12345"))
    registry.record(f.LegStarted(at=began, **leg, channel="PJSIP/trunk-1"))
    registry.record(f.LegAnswered(at=began, **leg))
    registry.record(f.TrackStarted(at=began, **leg, started_ms=1764000000000))
    call = registry.calls.by_id[CALL]
    registry.record(f.LegEnded(at=now(), **leg, cause=16))
    registry.record(f.CallEnded(at=now(), call_id=CALL))
    (tmp_path / "spool").mkdir()
    sealer = Sealer(registry, tmp_path / "spool", tmp_path / "archive")
    sealer.call_over(call)
    sealer.call_over(call)  # told twice, said once
    await sealed_until(sealer, lambda: registry.journal.newest_of("recording_gap") is not None)
    kinds = [entry.kind for entry in registry.journal.entries_of_call(CALL)]
    assert kinds.count("recording_gap") == 1

    database = await given_database(tmp_path)
    await forwarded(registry, database)
    async with database.reading() as session:
        row = await session.get(OwedWork, (CALL, TICKET))
    assert row is not None and row.state == "owed"
    await database.close()


async def test_a_recording_of_a_call_nobody_knows_gets_its_row_seal_and_ticket(
    tmp_path: Path,
) -> None:
    spool = tmp_path / "spool"
    folder = spool / CALL
    folder.mkdir(parents=True)
    long_ago = (now() - 2 * STILL_FOR).timestamp()
    track = folder / f"operator~{round(long_ago * 1000) - 2000}~{CALL}3~said.wav"
    track.write_bytes(wav(b"\1\0" * 16_000))
    registry = Registry(NodeJournal(tmp_path / "journal.sqlite", "pbx"), "pbx")
    sealer = Sealer(registry, spool, tmp_path / "archive")
    sealer.find_orphans()
    assert registry.journal.newest_of("call_started") is None, "it may be going on"
    for path in (track, folder):
        os.utime(path, (long_ago, long_ago))
    await sealed_until(sealer, lambda: not folder.exists())
    assert registry.journal.newest_of("recording_gap") is None

    database = await given_database(tmp_path)
    await forwarded(registry, database)
    async with database.reading() as session:
        call = await session.get_one(PhoneCall, CALL)
        legs = list(await session.scalars(select(Leg)))
        recording = await session.scalar(select(Recording))
        owed = await session.get(OwedWork, (CALL, TICKET))
    assert (call.stage, call.line_broke, call.caller_number) == ("ended", True, None)
    assert [(leg.role, leg.ended_at is not None) for leg in legs] == [("operator", True)]
    assert recording is not None and owed is not None
    await database.close()


async def sealed_until(sealer: Sealer, done: object) -> None:
    task = asyncio.create_task(sealer.run())
    await until(done, 20, "sealed")  # type: ignore[arg-type]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def forwarded(registry: Registry, database: Database) -> None:
    journal = registry.journal
    forwarder = Forwarder(journal, database, project)
    task = asyncio.create_task(forwarder.run())
    await until(lambda: journal.forwarded == journal.newest, 20, "all forwarded")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
