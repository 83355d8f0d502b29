"""Room store: copies a node's journal into the main one, in order, exactly once.

The fact, the rows it changes and the position reached are one transaction of the
main database: whenever this is killed, the next one goes on at the right place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from store import journal
from store.base import now
from store.database import Database, DatabaseAway
from store.facts import Fact, UnknownFact
from store.node_journal import NodeJournal, StoredEntry
from store.tables import NodePosition

log = structlog.get_logger()

Projector = Callable[[AsyncSession, Fact, Mapping[str, Any]], Awaitable[None]]

BATCH = 200
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
# A projection that fails this often is given up, so that one fact never stops a city.
PATIENCE = 3


class ProjectionFailed(Fact):
    """This fact is in the journal, but the rows it should have changed are not changed."""

    kind: ClassVar[str] = "projection_failed"
    kind_of: str
    node: str
    node_number: int
    error: str


class Forwarder:
    """`await run()` for ever; cancel to stop."""

    def __init__(self, journal: NodeJournal, database: Database, project: Projector) -> None:
        self._journal = journal
        self._database = database
        self._project = project
        self.gave_up = 0
        self.is_away = False

    async def run(self) -> None:
        """Copy whatever there is, then wait for more; an absent database is waited for."""
        wait = FIRST_WAIT
        while True:
            try:
                copied = await self.copy_batch()
            except DatabaseAway as error:
                if not self.is_away:
                    log.warning("main_database_away", reason=str(error))
                self.is_away = True
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)
                continue
            if self.is_away:
                log.info("main_database_back", copied=copied)
            self.is_away, wait = False, FIRST_WAIT
            if not copied:
                await self._journal.wait_for_more(self._journal.forwarded, within=1.0)

    async def copy_batch(self) -> int:
        """Copy one batch in one transaction; how many entries that were."""
        entries = self._journal.after(self._journal.forwarded, BATCH)
        if not entries:
            return 0
        async with self._database.transaction() as session:
            position = await self._position(session)
            for entry in entries:
                if entry.number > position.number:
                    await self._copy(session, entry)
                    position.number = entry.number
        self._journal.set_forwarded(entries[-1].number)
        return len(entries)

    async def _position(self, session: AsyncSession) -> NodePosition:
        position = await session.get(NodePosition, self._journal.node, with_for_update=True)
        if position is None:
            position = NodePosition(node=self._journal.node, number=0)
            session.add(position)
            await session.flush()
        return position

    async def _copy(self, session: AsyncSession, entry: StoredEntry) -> None:
        await journal.append_stored(
            session, entry.kind, entry.at, entry.call_id, entry.ticket_id, entry.data,
            self._journal.node, entry.number,
        )  # fmt: skip
        try:
            fact = entry.fact
        except (UnknownFact, ValueError) as error:
            await self._give_up(session, entry, error)
            return
        for attempt in range(1, PATIENCE + 1):
            try:
                async with session.begin_nested():
                    await self._project(session, fact, entry.private)
                    await session.flush()
                return
            except (DatabaseAway, OperationalError, InterfaceError):
                raise
            except Exception as error:
                # The edge of a projection: any mistake in one room's rows, never the journal's.
                log.exception("projection_failed", kind=entry.kind, call_id=entry.call_id)
                if attempt == PATIENCE:
                    await self._give_up(session, entry, error)

    async def _give_up(self, session: AsyncSession, entry: StoredEntry, error: Exception) -> None:
        self.gave_up += 1
        await journal.append(
            session,
            ProjectionFailed(
                at=now(), call_id=entry.call_id, kind_of=entry.kind, node=self._journal.node,
                node_number=entry.number, error=type(error).__name__,
            ),
        )  # fmt: skip
