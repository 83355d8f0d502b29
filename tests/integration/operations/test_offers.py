"""Who kept their place in the queue is rung once: not again before their row knows of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from casework.ringback.tables import Ringback
from hotline import offers
from store.base import now
from store.database import Database
from store.node_journal import NodeJournal
from telephony import dialplan
from telephony import facts as f
from telephony.ami.messages import Accepted, RawEvent
from telephony.registry import Registry
from tests.e2e.stage import until

NUMBER, RUNG_BACK = "+8613800138000", "pbx-r1"
FREE = {"Queue": dialplan.QUEUE, "Location": "PJSIP/1001", "Status": "1", "Paused": "0"}


class Link:
    """A manager link that knows one free phone, and counts how often it was asked."""

    is_up = True
    asked = 0

    async def listing(self, _: object) -> list[RawEvent]:
        self.asked += 1
        return [RawEvent("QueueMember", FREE)]


class Hands:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.link = Link()


async def test_a_place_is_good_for_one_ring_however_late_the_main_database_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    await database.migrate()
    asked = now()
    async with database.transaction() as session:
        session.add(
            Ringback(
                ringback_id="r1", number=NUMBER, state="open", reasons=["call_back"],
                calls=["pbx-1"], priority=0, keeps_place=True, queued_at=asked, opened_at=asked,
                due_at=asked, tries=0,
            )
        )  # fmt: skip
    journal = NodeJournal(tmp_path / "journal.sqlite", "pbx")
    hands = Hands(Registry(journal, "pbx"))
    rung: list[str] = []

    async def ring(_: object, *, number: str, **__: Any) -> Accepted:
        rung.append(number)
        return Accepted()

    monkeypatch.setattr(offers, "start_ring_back", ring)
    offering = offers.Offers(database, hands)  # type: ignore[arg-type]
    # They were rung and spoken with; the forwarder has not told the main database yet.
    started = f.CallStarted(
        at=now(), call_id=RUNG_BACK, node="pbx", called="12345", direction="out"
    )
    hands.registry.record(started, {"caller_number": NUMBER})
    hands.registry.record(f.CallEnded(at=now(), call_id=RUNG_BACK))
    running = asyncio.create_task(offering.run())
    await until(lambda: hands.link.asked >= 3, 20, "phones are looked for")
    assert rung == []

    journal.set_forwarded(journal.newest)
    await until(lambda: rung == [NUMBER], 20, "who is owed a call still is rung")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await database.close()
    journal.close()
