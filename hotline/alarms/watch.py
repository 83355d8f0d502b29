"""Room hotline/alarms: watches facts and states for as long as the desk worker lives."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.alarms.late import late_work
from hotline.alarms.raising import Alarms
from hotline.alarms.sending import NotSent, Target, read_addresses, send
from hotline.alarms.states import Wrong, wrong_states
from hotline.alarms.words import ALARM_OF_FACT, ALARMS
from hotline.health.follow import BATCH, follow
from hotline.health.reserve import disk_of
from hotline.health.tables import PartState
from hotline.metrics.totals import FOLLOWER, count_fact
from hotline.settings import Settings
from store.base import now
from store.database import Database, DatabaseAway
from store.journal import JournalRow

log = structlog.get_logger()

WATCH_SECONDS = 2.0
MEGABYTE = 1_000_000
# What of a fact helps whoever reads the alarm; nothing personal is ever in a fact.
_TOLD = ("stage", "error", "reason", "role", "expected_seconds", "recorded_seconds", "kind_of",
         "seconds")  # fmt: skip


class Watch:
    """One a desk worker; several may run: facts are followed once, states raised once."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._since: dict[str, datetime] = {}
        self._away_since: datetime | None = None
        self._told_away = False
        self._mistakes: list[str] = []

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
                await self._back()
            except DatabaseAway:
                await self._away()
            except IntegrityError as error:
                # Another desk worker raised it at the same moment; the next look finds it.
                log.warning("alarm_raised_elsewhere", reason=str(error.orig))
            await asyncio.sleep(WATCH_SECONDS)

    async def look(self) -> None:
        """Read on, and look at every state once. `DatabaseAway`."""
        while await follow(self._database, FOLLOWER, count_fact) == BATCH:
            pass
        targets = self._targets()
        alarms = Alarms(
            timedelta(minutes=self._settings.alarm_minutes),
            None if targets is None else [target.target_id for target in targets],
        )

        async def look_at(session: AsyncSession, fact: JournalRow, _: dict[str, Any]) -> None:
            alarm = alarm_of(fact)
            if alarm is not None:
                await alarms.happened(session, alarm, "", _detail(fact), now())
            elif fact.kind == "probe_done":
                await alarms.over(session, "probe_failed", "", now())

        while await follow(self._database, "alarms", look_at, from_now=True) == BATCH:
            pass
        await self._states(alarms)

    async def _states(self, alarms: Alarms) -> None:
        moment = now()
        settings = self._settings
        disk = disk_of(settings.data_dir)
        async with self._database.reading() as session:
            parts = list(await session.scalars(select(PartState)))
            late = await late_work(session, moment)
        wrong = wrong_states(
            parts, moment, disk, settings.disk_alarm_mb * MEGABYTE, settings.disk_alarm_percent
        )
        wrong += late
        standing = self._lasting(wrong, moment)
        async with self._database.transaction() as session:
            for state in standing:
                await alarms.stands(session, state.alarm, state.about, state.detail, moment)
            await alarms.sweep(session, {state.key for state in wrong}, moment)

    def _lasting(self, wrong: list[Wrong], moment: datetime) -> list[Wrong]:
        """Those that have been wrong for as long as their alarm asks."""
        self._since = {state.key: self._since.get(state.key, moment) for state in wrong}
        return [
            state
            for state in wrong
            if (moment - self._since[state.key]).total_seconds()
            >= (ALARMS[state.alarm].for_seconds or 0.0)
        ]

    def _targets(self) -> list[Target] | None:
        """Who is told; None where there are addresses and not one can be used."""
        found = read_addresses(self._settings.data_dir)
        if found.mistakes != self._mistakes:
            self._mistakes = found.mistakes
            for mistake in found.mistakes:
                log.error("alarm_address_unusable", reason=mistake)
        return None if found.mistakes and not found.targets else found.targets

    # -- without a database nothing is durable: told at once, once ----------------------------

    async def _away(self) -> None:
        moment = now()
        self._away_since = self._away_since or moment
        words = ALARMS["database_away"]
        if self._told_away or (moment - self._away_since).total_seconds() < (
            words.for_seconds or 0.0
        ):
            return
        targets = self._targets()
        if targets is None:
            return
        self._told_away = True
        log.error("alarm", alarm="database_away")
        await _tell_directly(targets, "failure", f"[12345] {words.title}")

    async def _back(self) -> None:
        if self._told_away:
            title = f"[12345] 已恢复 / well again: {ALARMS['database_away'].title}"
            await _tell_directly(self._targets() or [], "success", title)
        self._away_since, self._told_away = None, False


async def _tell_directly(targets: list[Target], level: str, title: str) -> None:
    for target in targets:
        try:
            await send(target, level, title, "")
        except NotSent as not_sent:
            log.error("alarm_not_sent", target=str(not_sent))


def alarm_of(fact: JournalRow) -> str | None:
    """The alarm a fact means, if any."""
    if fact.kind == "probe_done":
        return None if fact.data.get("ok") else "probe_failed"
    if fact.kind == "work_died" and fact.data.get("stage") == "notify":
        return None  # to tell of it would only fail again
    return ALARM_OF_FACT.get(fact.kind)


def _detail(fact: JournalRow) -> str:
    data: Mapping[str, Any] = fact.data
    told = [f"{name}: {data[name]}" for name in _TOLD if data.get(name) not in (None, "")]
    told += [str(step) for step in data.get("failed", [])]
    return "\n".join([fact.call_id or "", *told]).strip()
