"""Room hotline/alarms: raise, tell, clear; events at most once in a period, with a count.

Everything within the caller's transaction: an alarm that is raised is also owed to
everybody who is to hear of it.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.alarms.facts import AlarmCleared, AlarmRaised
from hotline.alarms.tables import Alarm, Notice
from hotline.alarms.words import ALARMS
from hotline.owed.ledger import NOTIFY, owe
from store import journal
from store.base import new_id


class Alarms:
    """`targets`: ids of the addresses that are told (`hotline.alarms.sending`).

    None where there are addresses and not one can be used: what is to be told waits.
    """

    def __init__(self, period: timedelta, targets: list[str] | None) -> None:
        self._period = period
        self._targets = targets

    async def happened(
        self, session: AsyncSession, alarm: str, about: str, detail: str, at: datetime
    ) -> None:
        """An event: counted each time, told when that is due."""
        row = await self._raised(session, alarm, about, detail, at)
        row.untold += 1
        await self._tell_if_due(session, row, at)

    async def stands(
        self, session: AsyncSession, alarm: str, about: str, detail: str, at: datetime
    ) -> None:
        """A state that is wrong now; told once until it is well again."""
        row = await session.get(Alarm, _key(alarm, about))
        if row is not None and row.state == "raised":
            row.detail, row.last_at = detail, at
            return
        await self.happened(session, alarm, about, detail, at)

    async def over(self, session: AsyncSession, alarm: str, about: str, at: datetime) -> None:
        """What was wrong has been seen to be well again."""
        row = await session.get(Alarm, _key(alarm, about))
        if row is not None and row.state == "raised":
            await self._clear(session, row, at)

    async def sweep(self, session: AsyncSession, standing: set[str], at: datetime) -> None:
        """Tell what is due by now; clear states that are well and events that stayed away."""
        rows = await session.scalars(
            select(Alarm).where((Alarm.state == "raised") | (Alarm.untold > 0))
        )
        for row in rows:
            if row.state == "raised" and self._is_over(row, standing, at):
                await self._clear(session, row, at)
            await self._tell_if_due(session, row, at)

    def _is_over(self, row: Alarm, standing: set[str], at: datetime) -> bool:
        words = ALARMS.get(row.alarm)
        if words is not None and words.for_seconds is not None:
            return row.key not in standing
        if words is not None and words.until_well:
            return False
        return at - row.last_at > max(self._period, timedelta(minutes=5))

    async def _raised(
        self, session: AsyncSession, alarm: str, about: str, detail: str, at: datetime
    ) -> Alarm:
        row = await session.get(Alarm, _key(alarm, about))
        if row is None:
            row = Alarm(key=_key(alarm, about), alarm=alarm, about=about, state="", untold=0)
        row.detail, row.last_at = detail[:1000], at
        if row.state != "raised":
            row.state, row.raised_at, row.cleared_at = "raised", at, None
            session.add(row)
            await journal.append(session, AlarmRaised(at=at, alarm=alarm, about=about))
        await session.flush()
        return row

    async def _tell_if_due(self, session: AsyncSession, row: Alarm, at: datetime) -> None:
        if self._targets is None or not row.untold:
            return
        if row.told_at is not None and at - row.told_at < self._period:
            return
        words = ALARMS[row.alarm]
        times = f"  ×{row.untold}" if row.untold > 1 else ""
        where = f" ({row.about})" if row.about else ""
        body = (
            f"{row.detail}\n{row.last_at.astimezone():%Y-%m-%d %H:%M:%S}\nrunbook: {words.runbook}"
        )
        await self._tell(session, row, "failure", f"[12345] {words.title}{where}{times}", body, at)
        row.untold, row.told_at = 0, at

    async def _clear(self, session: AsyncSession, row: Alarm, at: datetime) -> None:
        row.state, row.cleared_at = "cleared", at
        await journal.append(session, AlarmCleared(at=at, alarm=row.alarm, about=row.about))
        words = ALARMS.get(row.alarm)
        if words is None or (words.for_seconds is None and not words.until_well):
            return
        was_told = row.told_at is not None
        # Wrong again later is news again, and what is over now is not to be told as wrong.
        row.untold, row.told_at = 0, None
        if was_told:
            where = f" ({row.about})" if row.about else ""
            title = f"[12345] 已恢复 / well again: {words.title}{where}"
            await self._tell(session, row, "success", title, "", at)

    async def _tell(
        self, session: AsyncSession, row: Alarm, level: str, title: str, body: str, at: datetime
    ) -> None:
        notice = Notice(
            notice_id=new_id(), alarm_key=row.key, level=level, title=title[:200], body=body,
            made_at=at,
        )  # fmt: skip
        session.add(notice)
        await session.flush()
        for target in self._targets or ():
            await owe(session, f"{notice.notice_id}:{target}", NOTIFY)


def _key(alarm: str, about: str) -> str:
    return f"{alarm}:{about}"[:200]
