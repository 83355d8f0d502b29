"""Room store: copies a node's journal into the main one, in order, exactly once.

The fact, the rows it changes and the position reached are one transaction of the
main database: whenever this is killed, the next one goes on at the right place.
SQLite is written in a thread of the forwarder's own, which may wait for a lock as
long as it likes; the journal is read where it is written, in the controller's.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from store import journal
from store.aside import Aside
from store.base import now
from store.database import Database, DatabaseAway
from store.facts import Fact, ProjectionFailed, UnknownFact
from store.node_journal import NodeJournal, StoredEntry
from store.storable import storable_id, storable_json
from store.tables import NodePosition

log = structlog.get_logger()

Projector = Callable[[AsyncSession, Fact, Mapping[str, Any]], Awaitable[None]]

_ROOT = f"{Path(__file__).parents[1]}/"

BATCH = 200
BATCH_SECONDS = 30.0
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
# What happens at one moment of a call is several facts: together they cost one transaction.
GATHER_SECONDS = 0.1
# The journal tells when there is more; this is only the end of a wait.
LOOK_SECONDS = 10.0
# A projection that fails this often is given up, so that one fact never stops a city.
PATIENCE = 3


class JournalBehind(RuntimeError):
    """The main database has newer facts of this node than the node's journal.

    Somebody put an old copy of the journal back. Its new facts would be taken for old
    ones, so nothing is copied; they stay safe in the node's journal.
    """


class _TryAgain(Exception):
    """This batch failed because of one entry; it was told, and more care may help."""


@dataclass(frozen=True)
class ForwarderHealth:
    """`behind`: entries not copied yet; `gave_up`: projections given up since the start."""

    behind: int
    gave_up: int
    away_since: datetime | None
    reason: str | None


class Forwarder:
    """`await run()` for ever; cancel to stop."""

    def __init__(self, journal: NodeJournal, database: Database, project: Projector) -> None:
        self._journal = journal
        self.aside = Aside(database)
        self._database = self.aside.database
        self._project = project
        self._reached: int | None = None
        # How many entries to copy one at a time, after a batch failed because of one of them.
        self._careful = 0
        self._tries = 0
        self._at: StoredEntry | None = None
        self._error = ""
        self._away_since: datetime | None = None
        self._reason: str | None = None
        self.gave_up = 0

    @property
    def is_away(self) -> bool:
        return self._away_since is not None

    def health(self) -> ForwarderHealth:
        """For the health page."""
        reached = self._journal.forwarded if self._reached is None else self._reached
        return ForwarderHealth(
            self._journal.newest - reached, self.gave_up, self._away_since, self._reason
        )

    async def run(self) -> None:
        """Copy whatever there is, then wait for more; an absent database is waited for."""
        try:
            await self._copy_for_ever()
        finally:
            await self.close()

    async def close(self) -> None:
        """The forwarder's own connection, after what is being written."""
        await self.aside.close()

    async def _copy_for_ever(self) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                copied = await self.copy_batch()
            except _TryAgain:
                await asyncio.sleep(FIRST_WAIT)
                continue
            except Exception as error:
                # The edge of this part: whatever it is, calls go on and their facts wait here.
                self._stuck(error)
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)
                continue
            self._unstuck(copied)
            wait = FIRST_WAIT
            if not copied:
                await self._journal.wait_for_more(self._reached or 0, within=LOOK_SECONDS)
            if copied < BATCH and not self._careful:
                await asyncio.sleep(GATHER_SECONDS)

    def _stuck(self, error: Exception) -> None:
        reason = str(error).partition("\n")[0] or type(error).__name__
        if self._away_since is None:
            self._away_since = now()
            log.warning("main_database_away", reason=reason, where=_where(error))
        self._reason = reason
        self._reached = None

    def _unstuck(self, copied: int) -> None:
        if self._away_since is not None:
            log.info("main_database_back", copied=copied)
        self._away_since = self._reason = None

    async def copy_batch(self) -> int:
        """Copy one batch in one transaction; how many entries that were."""
        if self._reached == self._journal.newest:
            return 0
        try:
            async with asyncio.timeout(BATCH_SECONDS) as deadline:
                copied = await self._copy_next()
        except (DatabaseAway, JournalBehind):
            raise
        except Exception as error:
            if deadline.expired():
                raise DatabaseAway("no answer in time") from error
            self._failed(error)
            raise
        self._careful = max(0, self._careful - copied)
        self._tries = 0
        return copied

    def _failed(self, error: Exception) -> None:
        """First look for the entry that spoils its batch; then try that one a few times."""
        if not self._careful:
            self._careful = BATCH
            raise _TryAgain from error
        if self._at is None or self._tries >= PATIENCE:
            # Not even the bare fact can be stored: it is not this entry's fault.
            self._tries = 0
            return
        self._tries += 1
        self._error = type(error).__name__
        log.error(
            "projection_failed", kind=self._at.kind, call_id=self._at.call_id, tries=self._tries,
            error=self._error, where=_where(error),
        )  # fmt: skip
        raise _TryAgain from error

    async def _copy_next(self) -> int:
        self._at = None
        reached = self._reached
        if reached is None:
            reached = await self.aside.run(self._read_position)
        self._refuse_old_journal(reached)
        entries = self._journal.after(reached, 1 if self._careful else BATCH)
        self._at = entries[0] if self._careful and entries else None
        found, given_up = await self.aside.run(partial(self._write, reached, entries))
        if found != reached:
            # Another forwarder of this node was quicker, or a backup was put back.
            self._reached = found
            return 0
        reached = entries[-1].number if entries else reached
        self.gave_up += given_up
        if self._journal.forwarded != reached:
            self._journal.set_forwarded(reached)
        self._reached = reached
        return len(entries)

    async def _write(self, reached: int, entries: Sequence[StoredEntry]) -> tuple[int, int]:
        """One batch, if the main database is where we think; where it was, and what was given up.

        Nothing of the journal is asked in here: this may be another thread.
        """
        given_up, giving_up = 0, self._tries >= PATIENCE
        async with self._database.transaction() as session:
            await journal.take_turn(session)
            found = await self._position(session)
            if found != reached or not entries:
                return found, 0
            await journal.append_many(session, [self._row(e, cleaned=giving_up) for e in entries])
            for entry in entries:
                given_up += await self._change_rows(session, entry, giving_up=giving_up)
            await self._set_position(session, entries[-1].number)
        return found, given_up

    async def _read_position(self) -> int:
        async with self._database.transaction() as session:
            return await self._position(session)

    async def _position(self, session: AsyncSession) -> int:
        """What the main database says it has: after a restore from a backup it is right."""
        node = self._journal.node
        number = await session.scalar(select(NodePosition.number).where(NodePosition.node == node))
        if number is None:
            number = 0
            await session.execute(insert(NodePosition).values(node=node, number=number))
        return number

    def _refuse_old_journal(self, reached: int) -> None:
        newest = self._journal.newest
        if reached > newest:
            raise JournalBehind(f"node {self._journal.node}: main has {reached}, node {newest}")

    async def _set_position(self, session: AsyncSession, number: int) -> None:
        mine = NodePosition.node == self._journal.node
        await session.execute(update(NodePosition).where(mine).values(number=number))

    def _row(self, entry: StoredEntry, *, cleaned: bool) -> dict[str, Any]:
        row = {
            "node": self._journal.node, "node_number": entry.number, "kind": entry.kind,
            "at": entry.at, "call_id": entry.call_id, "ticket_id": entry.ticket_id,
            "data": entry.data,
        }  # fmt: skip
        if cleaned:
            row["call_id"] = storable_id(entry.call_id)
            row["ticket_id"] = storable_id(entry.ticket_id)
            row["data"] = storable_json(entry.data)
        return row

    async def _change_rows(
        self, session: AsyncSession, entry: StoredEntry, *, giving_up: bool
    ) -> bool:
        """The rooms' rows of one fact. Whether they had to be given up."""
        if giving_up:
            await self._tell_failed(session, entry, self._error)
            return True
        try:
            fact = entry.fact
        except (UnknownFact, ValueError) as error:
            # A newer version wrote it, or an older one: trying again changes nothing.
            log.error("fact_not_understood", kind=entry.kind, call_id=entry.call_id)
            await self._tell_failed(session, entry, type(error).__name__)
            return True
        await self._project(session, fact, entry.private)
        await session.flush()
        return False

    async def _tell_failed(self, session: AsyncSession, entry: StoredEntry, error: str) -> None:
        await journal.append(
            session,
            ProjectionFailed(
                at=now(), call_id=storable_id(entry.call_id), kind_of=entry.kind,
                node=self._journal.node, node_number=entry.number, error=error,
            ),
        )  # fmt: skip


def _where(error: BaseException) -> str:
    """The way to an error through our own files. A whole traceback might show a number."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(_ROOT) and "site-packages" not in f.filename]
    return " > ".join(f"{f.filename.removeprefix(_ROOT)}:{f.lineno}" for f in ours)
