"""Room hotline/work: one worker process: sweep → queue → lease → do → done.

The queue may lose what it carries (a task running at kill -9 is gone): the sweep
offers again whatever is owed and unleased.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog
from huey import SqliteHuey

from hotline.health.heartbeat import Heartbeat
from hotline.owed.ledger import TICKET, TRANSCRIBE, Leased, give_back, lease, offered, owe
from store.base import now
from store.database import Database, DatabaseAway

log = structlog.get_logger()

Doing = Callable[[Database, Leased], Awaitable[None]]

SWEEP_SECONDS = 0.5
# What was offered and not taken is offered again after this long.
OFFER_AGAIN_SECONDS = 30.0


class Worker:
    """Does the stages it is given; `doing` maps each to the coroutine that does it.

    `beats`: it says that the part of this name lives.
    """

    def __init__(
        self, name: str, node: str, database_url: str, queue_file: Path,
        doing: Mapping[str, Doing], *, beats: bool = True,
    ) -> None:  # fmt: skip
        self._name = name
        self._node = node
        self._database_url = database_url
        self._doing = doing
        self._beats = beats
        self._id = f"{name}@{node}:{os.getpid()}"
        self._offered: dict[tuple[str, str], float] = {}
        self._queue_file = queue_file
        # Without its tables: `run` opens it, and waits where there is no room for it.
        self._huey = SqliteHuey(name, filename=str(queue_file), fsync=False, create_tables=False)
        self._carry = self._huey.task()(self._do)
        # Of the consumer's one thread, from its beginning to its end.
        self._huey.on_startup("own")(self._open)
        self._huey.on_shutdown("own")(self._close)

    async def run(self) -> None:
        """Until cancelled; work that is running then is finished first, or found again later."""
        await self._open_queue()
        consumer = self._huey.create_consumer(
            workers=1, periodic=False, initial_delay=0.02, backoff=1.2, max_delay=0.25
        )
        # This process ends by its own signal handling; the consumer only lends its thread.
        consumer._set_signal_handlers = lambda: None
        consumer.start()
        database = Database(self._database_url)
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._beats:
                    heartbeat = Heartbeat(database, self._name, self._node)
                    tasks.create_task(heartbeat.run(), name="heartbeat")
                tasks.create_task(self._sweep(database), name="sweep")
        finally:
            consumer.stop(graceful=False)
            await database.close()

    async def _open_queue(self) -> None:
        while True:
            try:
                self._make_queue()
                return
            except sqlite3.OperationalError as error:  # no room, mostly
                log.warning("queue_waits", worker=self._name, reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    def _make_queue(self) -> None:
        """An empty one each time: written without fsync, an old one may be broken by a power cut.

        Nothing is lost with it: what is owed is in the database, and is offered again.
        """
        for end in ("", "-wal", "-shm"):
            Path(f"{self._queue_file}{end}").unlink(missing_ok=True)
        self._huey.storage.initialize_schema()

    async def _sweep(self, database: Database) -> None:
        while True:
            try:
                async with database.reading() as session:
                    works = await offered(session, list(self._doing), now())
                for work in works:
                    self._offer(work.call_id, work.stage)
            except DatabaseAway:
                log.warning("sweep_waits", worker=self._name, reason="database away")
            except sqlite3.OperationalError as error:
                # The queue's file: full or locked. One that is broken for good is another error:
                # it ends this part, and the next has a new file.
                log.warning("sweep_waits", worker=self._name, reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    def _offer(self, call_id: str, stage: str) -> None:
        moment, key = asyncio.get_running_loop().time(), (call_id, stage)
        if moment - self._offered.get(key, -1e9) <= OFFER_AGAIN_SECONDS:
            return
        # Before it is carried: the consumer's thread may be done with it by then.
        self._offered[key] = moment
        try:
            self._carry(call_id, stage)
        except sqlite3.Error:
            self._offered.pop(key, None)
            raise

    def _open(self) -> None:
        self._runner = asyncio.Runner()
        # A new one for each piece of work would compile every statement anew.
        self._own = Database(self._database_url, direct=True)

    def _close(self) -> None:
        with self._runner:
            self._runner.run(self._own.close())

    def _do(self, call_id: str, stage: str) -> None:
        """Runs in the consumer's thread, with the loop and the connections of that thread."""
        self._runner.run(self._do_leased(call_id, stage))

    async def _do_leased(self, call_id: str, stage: str) -> None:
        try:
            async with self._own.transaction() as session:
                work = await lease(session, call_id, stage, self._id, now())
            if work is not None:
                await self._try(self._own, work)
        finally:
            self._offered.pop((call_id, stage), None)

    async def _try(self, database: Database, work: Leased) -> None:
        try:
            await self._doing[work.stage](database, work)
            log.info("work_done", call_id=work.call_id, stage=work.stage, attempt=work.attempt)
        except Exception as error:
            # The edge of a worker: whatever went wrong is written to the row, then tried again.
            log.exception("work_failed", call_id=work.call_id, stage=work.stage)
            async with database.transaction() as session:
                await give_back(session, work, f"{type(error).__name__}: {error}")
                if work.stage == TRANSCRIBE:
                    # A ticket does not wait for a transcript that may never come.
                    await owe(session, work.call_id, TICKET)
