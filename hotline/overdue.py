"""Room hotline: looks again and again which tickets are overdue, and tells each once."""

import asyncio

import structlog

from casework.tickets.life import Terms
from casework.tickets.steps import overdue, tell_overdue
from hotline.settings import Settings
from store.base import now
from store.database import Database, DatabaseAway

log = structlog.get_logger()

LOOK_SECONDS = 30.0


def terms_of(settings: Settings) -> Terms:
    """As this city has set them."""
    return Terms(
        dispatch_days=settings.dispatch_days, sign_days=settings.sign_days,
        resolve_days=settings.resolve_days, soon_resolve_days=settings.soon_resolve_days,
        urgent_resolve_hours=settings.urgent_resolve_hours,
        call_back_days=settings.call_back_days,
    )  # fmt: skip


async def tell_of_overdue_tickets(database: Database) -> list[str]:
    """One look; the numbers of those told now."""
    async with database.reading() as session:
        if not await overdue(session, now()):
            return []
    async with database.transaction() as session:
        return await tell_overdue(session, now())


async def watch_tickets(database: Database) -> None:
    """Until cancelled; several desks may do it, each overdue ticket is told once."""
    while True:
        try:
            if told := await tell_of_overdue_tickets(database):
                log.warning("tickets_overdue", tickets=told)
        except DatabaseAway:
            log.warning("overdue_waits", reason="database away")
        await asyncio.sleep(LOOK_SECONDS)
