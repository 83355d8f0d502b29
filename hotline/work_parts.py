"""Room hotline: what the processes run that do what is owed: desk and transcriber."""

import asyncio
from collections.abc import Mapping
from functools import partial

from hotline.alarms.sending import Notifying
from hotline.alarms.watch import Watch
from hotline.installation import Installation
from hotline.overdue import terms_of, watch_tickets
from hotline.owed.ledger import NOTIFY, TICKET, TRANSCRIBE
from hotline.unrecorded import watch_forgotten
from hotline.work.stages import Transcribing, open_call_ticket
from hotline.work.suggesting import words_of
from hotline.work.worker import Doing, Worker


async def run_desk(installation: Installation) -> None:
    """Tickets, alarms and what watches their time. Until cancelled."""
    settings = installation.settings
    notifying = Notifying(settings.data_dir)
    tickets = partial(open_call_ticket, words=words_of(settings), terms=terms_of(settings))
    worker = _worker(installation, "desk", {TICKET: tickets})
    # In a thread of its own: an address that does not answer delays no ticket.
    notifier = _worker(installation, "notify", {NOTIFY: notifying.do}, beats=False)
    database = installation.open_database()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run(), name="worker")
            tasks.create_task(notifier.run(), name="notifier")
            tasks.create_task(Watch(database, settings).run(), name="watch")
            tasks.create_task(watch_tickets(database), name="overdue")
            tasks.create_task(watch_forgotten(database), name="forgotten")
    finally:
        await database.close()


async def run_transcriber(installation: Installation) -> None:
    """Speech to words. Until cancelled."""
    transcribing = Transcribing(installation.settings)
    await _worker(installation, "transcriber", {TRANSCRIBE: transcribing.do}).run()


def _worker(
    installation: Installation, name: str, doing: Mapping[str, Doing], *, beats: bool = True
) -> Worker:
    settings = installation.settings
    queue = settings.data_dir / f"queue-{name}.sqlite"
    return Worker(name, settings.node, settings.database_url, queue, doing, beats=beats)
