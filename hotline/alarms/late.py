"""Room hotline/alarms: owed work that nobody gets done, or that was given up."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.alarms.states import Wrong
from hotline.owed.ledger import NOTIFY, TICKET, TRANSCRIBE
from hotline.owed.tables import OwedWork

# A ticket opens without its transcript, and one of these may wait until a busy day is over.
LATE = {
    TICKET: timedelta(minutes=15),
    NOTIFY: timedelta(minutes=15),
    TRANSCRIBE: timedelta(hours=12),
}


async def late_work(session: AsyncSession, at: datetime) -> list[Wrong]:
    """Each stage with work that is not done though it was owed long ago.

    When it is due plays no part: a try that failed makes it due later, and it is late all the same.
    """
    is_late = or_(
        *(
            and_(OwedWork.stage == stage, OwedWork.owed_since <= at - limit)
            for stage, limit in LATE.items()
        )
    )
    rows = await session.execute(
        select(OwedWork.stage, func.min(OwedWork.owed_since), func.count())
        .where(OwedWork.state.in_(("owed", "dead")), is_late)
        .group_by(OwedWork.stage)
        .order_by(OwedWork.stage)
    )
    return [
        Wrong("work_waits", stage, f"{number} 件, 最早 / oldest {oldest.astimezone():%m-%d %H:%M}")
        for stage, oldest, number in rows
    ]
