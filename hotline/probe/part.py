"""Room hotline/probe: the part that makes a test call every so many minutes."""

import asyncio

import structlog

from hotline.installation import Installation
from hotline.lock import AlreadyRunning
from store.database import DatabaseAway

log = structlog.get_logger()

FIRST_AFTER_SECONDS = 30.0


async def probe_for_ever(installation: Installation) -> None:
    """Until cancelled."""
    from hotline.probe.calling import run_probe  # the simulator, which no other part needs

    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        try:
            done = await run_probe(installation)
            tell = log.info if done.ok else log.error
            tell("probe_done", call_id=done.call_id, seconds=done.seconds, failed=done.failed)
        except DatabaseAway:
            log.error("probe_without_database")
        except AlreadyRunning:
            log.warning("probe_left_out", reason="another test call is under way")
        await asyncio.sleep(installation.settings.probe_minutes * 60)
