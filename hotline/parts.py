"""Room hotline: what each process of the program runs; the table is at the foot."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from api.app import ApiParts, create_app
from hotline.alarms.sending import Notifying
from hotline.alarms.watch import Watch
from hotline.controller_part import ControllerPart, nudge
from hotline.health.heartbeat import Heartbeat, parts_health
from hotline.installation import Installation
from hotline.lock import take_lock
from hotline.logs import LOG_FILE, set_up_logs
from hotline.metrics.collect import scrape
from hotline.overdue import terms_of, watch_tickets
from hotline.owed.ledger import NOTIFY, TICKET, TRANSCRIBE
from hotline.probe.part import probe_for_ever
from hotline.unrecorded import watch_forgotten
from hotline.work.stages import Transcribing, open_call_ticket
from hotline.work.suggesting import words_of
from hotline.work.worker import Doing, Worker
from store.node_journal import JournalBroken

log = structlog.get_logger()


async def run_part(name: str, installation: Installation) -> None:
    """Run one part until SIGTERM or SIGINT."""
    file = os.environ.get(LOG_FILE)
    set_up_logs(name, file=Path(file) if file else None)
    # Held until this process ends, however it ends.
    lock = await asyncio.to_thread(
        take_lock, installation.settings.data_dir / f"{name}.lock", replace=True
    )
    main = asyncio.create_task(PARTS[name](installation), name=name)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, main.cancel)
    log.info("part_started")
    try:
        await main
    except asyncio.CancelledError:
        log.info("part_stopped")
    except (JournalBroken, BaseExceptionGroup) as error:
        broken = error if isinstance(error, JournalBroken) else error.subgroup(JournalBroken)
        if broken is None:
            raise
        # A full disk, mostly. Calls go on in Asterisk; the supervisor starts us again.
        log.error("journal_cannot_be_written", reason=str(broken))
        raise SystemExit(1) from None
    finally:
        lock.close()


async def _controller(installation: Installation) -> None:
    await ControllerPart(installation).run()


async def _api(installation: Installation) -> None:
    database = installation.open_database()
    settings = installation.settings
    app = create_app(
        ApiParts(
            database=database,
            archive=settings.archive,
            node=settings.node,
            token_lifetime=timedelta(hours=settings.token_hours),
            nudge=lambda: nudge(installation.nudge_path),
            health=lambda: parts_health(database),
            metrics=lambda: scrape(database),
            metrics_token=installation.secrets.get("metrics"),
            skills=tuple(settings.skills),
            pause_reasons=tuple(settings.pause_reasons),
            words=words_of(settings),
            terms=terms_of(settings),
        )
    )
    config = uvicorn.Config(
        app, host=settings.api_host, port=settings.api_port, log_level="warning",
        access_log=False, server_header=False,
        # Longer than clients and proxies keep an idle connection: whoever asks again in the moment
        # in which we close one gets no answer.
        timeout_keep_alive=75,
    )  # fmt: skip
    server = _Server(config)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Heartbeat(database, "api", settings.node).run(), name="heartbeat")
            tasks.create_task(server.serve(), name="http")
    finally:
        # Cancelled, uvicorn leaves its port open; our successor binds it once our lock is free.
        for listening in getattr(server, "servers", ()):
            listening.close()
        await database.close()


class _Server(uvicorn.Server):
    """Signals are this part's, not the web server's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _desk(installation: Installation) -> None:
    notifying = Notifying(installation.settings.data_dir)
    tickets = partial(open_call_ticket, words=words_of(installation.settings))
    worker = _worker(installation, "desk", {TICKET: tickets, NOTIFY: notifying.do})
    database = installation.open_database()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run(), name="worker")
            tasks.create_task(Watch(database, installation.settings).run(), name="watch")
            tasks.create_task(watch_tickets(database), name="overdue")
            tasks.create_task(watch_forgotten(database), name="forgotten")
    finally:
        await database.close()


async def _transcriber(installation: Installation) -> None:
    transcribing = Transcribing(installation.settings)
    await _worker(installation, "transcriber", {TRANSCRIBE: transcribing.do}).run()


def _worker(installation: Installation, name: str, doing: Mapping[str, Doing]) -> Worker:
    settings = installation.settings
    queue = settings.data_dir / f"queue-{name}.sqlite"
    return Worker(name, settings.node, settings.database_url, queue, doing)


PARTS: dict[str, Callable[[Installation], Coroutine[Any, Any, None]]] = {
    "controller": _controller,
    "api": _api,
    "desk": _desk,
    "transcriber": _transcriber,
    "probe": probe_for_ever,
}
