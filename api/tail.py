"""Room api: one look at the journal for all who follow it, however many there are."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from store import journal
from store.database import Database, DatabaseAway
from store.journal import JournalRow

log = structlog.get_logger()

LOOK_SECONDS = 0.2
AWAY_SECONDS = 1.0
PAGE = 500
REMEMBERED = 2000


class Tail:
    """Holds the newest facts. Whoever is further behind reads the journal itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: deque[JournalRow] = deque(maxlen=REMEMBERED)
        self._floor: int | None = None  # the first row here comes right after this number
        self._followers = 0
        self._wanted = asyncio.Event()
        self._more = asyncio.Event()

    @property
    def newest(self) -> int | None:
        """None while nobody has looked yet."""
        return self._rows[-1].number if self._rows else self._floor

    @contextmanager
    def followed(self) -> Iterator[None]:
        """While somebody follows, the journal is looked at."""
        self._followers += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._wanted.clear()

    async def run(self) -> None:
        """Until cancelled."""
        away = False
        while True:
            await self._wanted.wait()
            try:
                await self._look()
            except (DatabaseAway, SQLAlchemyError) as error:
                if not away:
                    log.error("feed_waits_for_database", reason=type(error).__name__)
                away = True
                await asyncio.sleep(AWAY_SECONDS)
            else:
                away = False
                await asyncio.sleep(LOOK_SECONDS)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """For the life of the application."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.run(), name="journal-tail")
            try:
                yield
            finally:
                task.cancel()

    async def after(self, number: int) -> list[JournalRow]:
        """Facts after this number, in order, none left out; empty where there are none yet."""
        floor = self._rows[0].number - 1 if self._rows else self._floor
        if floor is not None and number >= floor:
            behind = len(self._rows) - (number - floor)
            return list(self._rows)[-behind:][:PAGE] if behind > 0 else []
        async with self._database.reading() as session:
            return await journal.after(session, number, PAGE)

    async def more(self, within: float) -> None:
        """Wait for a new fact, or this many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._more.wait()
        except TimeoutError:
            return

    async def _look(self) -> None:
        async with self._database.reading() as session:
            if self._floor is None:
                self._floor = await journal.newest(session)
                return
            rows = await journal.after(session, self.newest or 0, PAGE)
        if rows:
            self._rows.extend(rows)
            self._more.set()
            self._more = asyncio.Event()
