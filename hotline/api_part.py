"""Room hotline: what the interface's process runs: the API and the pages."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import uvicorn

from api.app import ApiParts, create_app
from hotline.health.heartbeat import Heartbeat, parts_health
from hotline.installation import Installation
from hotline.metrics.collect import scrape
from hotline.nudging import nudge
from hotline.overdue import terms_of
from hotline.work.suggesting import words_of


async def run(installation: Installation) -> None:
    """Until cancelled."""
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
