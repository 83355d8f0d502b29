"""Room hotline: rings who kept their place in the queue, and tells which ring-backs are overdue."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from casework.ringback.keeping import overdue, tell_overdue
from casework.ringback.views import first_with_place
from store.base import now
from store.database import Database, DatabaseAway
from store.facts import Fact
from telephony.ami.actions import QueueStatus
from telephony.ami.messages import Refused, Unknown
from telephony.bridge.refusals import Refusal
from telephony.carrying_out import Hands
from telephony.facts import CallEnded, LegEnded
from telephony.queueing.facts import CallBackAsked
from telephony.queueing.offering import KeptPlace, free_phones, head_of, next_offer
from telephony.queueing.ringing import start_ring_back
from telephony.roles import Role

log = structlog.get_logger()

LOOK_SECONDS = 1.0
# Nobody keeps a place: this look is for rows that were made while we were away.
QUIET_SECONDS = 15.0
# The row of who asked to be rung back is in the main database within this.
ASKED_WITHIN = timedelta(seconds=10)
# An operator has just hung up: the queue leaves them alone for two seconds, we look at once.
HURRY_SECONDS, HURRY_FOR = 0.2, timedelta(seconds=2)
OVERDUE_SECONDS = 10.0
# An operator who did not answer an offer is left alone for so long.
REST = timedelta(seconds=30)
BY = "queue"


class Offers:
    """`await run()` for ever, beside the controller of one node."""

    def __init__(self, database: Database, hands: Hands) -> None:
        self._database = database
        self._hands = hands
        self._kept: list[KeptPlace] = []
        # Number → up to here our journal has to be in the main database before they are rung: the
        # call that is over may have closed or counted their row.
        self._settling: dict[str, int] = {}
        self._unsettled = hands.registry.journal.newest  # what the controller before us wrote
        self._reached = 0
        self._resting: dict[str, datetime] = {}
        self._look = asyncio.Event()
        self._hurry_until = self._asked_until = now()
        hands.registry.listen(self._happened)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._offer(), name="offer")
            tasks.create_task(self._tell_overdue(), name="overdue")

    def _happened(self, _: str, fact: Fact) -> None:
        if isinstance(fact, CallBackAsked):
            self._asked_until = now() + ASKED_WITHIN
            self._look.set()
        elif isinstance(fact, LegEnded) and fact.role is Role.OPERATOR and self._kept:
            self._hurry_until = now() + HURRY_FOR
            self._look.set()  # an operator is free: be quicker than the queue
        elif isinstance(fact, CallEnded):
            registry = self._hands.registry
            call = registry.calls.by_id.get(fact.call_id or "")
            if call is not None and call.caller_number:
                self._settling[call.caller_number] = registry.journal.newest

    async def _offer(self) -> None:
        while True:
            self._look.clear()
            await self._read()
            if self._kept and self._hands.link.is_up:
                await self._offer_once()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause(now())):
                    await self._look.wait()

    def _pause(self, moment: datetime) -> float:
        if self._kept or moment < self._asked_until:
            return HURRY_SECONDS if moment < self._hurry_until else LOOK_SECONDS
        return QUIET_SECONDS

    async def _read(self) -> None:
        # Before the rows are read: what they say then is at least as new.
        self._reached = self._hands.registry.journal.forwarded
        self._settling = {x: upto for x, upto in self._settling.items() if upto > self._reached}
        try:
            async with self._database.reading() as session:
                rows = await first_with_place(session)
        except DatabaseAway:
            self._kept = []
            return
        mine = f"{self._hands.registry.node}-"
        self._kept = [
            KeptPlace(row.ringback_id, row.number, row.queued_at, row.priority)
            for row in rows
            if row.number and row.calls[-1].startswith(mine)
        ]

    async def _offer_once(self) -> None:
        rows = await self._hands.link.listing(QueueStatus())
        if isinstance(rows, Refused | Unknown):
            return
        moment = now()
        phones = [x for x in free_phones(rows, moment) if self._may_ring(x, moment)]
        offer = next_offer(self._waiting(), head_of(rows, moment), phones)
        if offer is None:
            return
        place, extension = offer
        self._resting[extension] = moment + REST
        started = await start_ring_back(
            self._hands, number=place.number, extension=extension, by=BY, offered=True
        )
        if isinstance(started, Refusal):
            log.info("offer_refused", ringback=place.ringback_id, reason=started.value)

    def _waiting(self) -> list[KeptPlace]:
        """Those who are not on the line with us, and whose last call is in their row."""
        if self._unsettled > self._reached:
            return []
        busy = {call.caller_number for call in self._hands.registry.open_calls()}
        busy |= self._settling.keys()
        return [place for place in self._kept if place.number not in busy]

    def _may_ring(self, extension: str, moment: datetime) -> bool:
        return self._resting.get(extension, moment) <= moment

    async def _tell_overdue_once(self) -> None:
        async with self._database.reading() as session:
            if not await overdue(session, now()):
                return
        async with self._database.transaction() as session:
            told = await tell_overdue(session, now())
        log.warning("ringbacks_overdue", count=len(told))

    async def _tell_overdue(self) -> None:
        while True:
            try:
                await self._tell_overdue_once()
            except DatabaseAway:
                log.warning("overdue_later", reason="database away")
            await asyncio.sleep(OVERDUE_SECONDS)
