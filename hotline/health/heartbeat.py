"""Room hotline/health: parts say that they live; who has been silent too long does not."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.health import PartHealth
from hotline.health.tables import PartState
from hotline.owed.tables import OwedWork
from store.aside import Aside
from store.base import now, table_of
from store.database import Database, DatabaseAway
from store.tables import FactRow

log = structlog.get_logger()

BEAT_SECONDS = 3.0
SILENT_AFTER = timedelta(seconds=10)
RESERVE_SAYS = {
    "missing": "no room for the reserve",
    "spent": "full: the first part of the reserve is being used",
    "gone": "full: the whole reserve is being used, nothing is recorded",
}
# Written without the ORM: every part does it all day.
_PARTS = table_of(PartState)
EXPECTED = ("controller", "desk", "transcriber")


class Heartbeat:
    """Writes one part's row; `aside`: in this thread, where the part has one."""

    def __init__(
        self, database: Database, part: str, node: str, aside: Aside | None = None
    ) -> None:
        self._database = database if aside is None else aside.database
        self._aside = aside
        self._part = part
        self._node = node

    async def run(self, detail: Callable[[], Mapping[str, Any]] = dict) -> None:
        """Until cancelled; a database that is away is somebody else's alarm."""
        while True:
            try:
                beat = partial(self._beat, dict(detail()))
                await (self._aside.run(beat) if self._aside is not None else beat())
            except DatabaseAway:
                log.debug("heartbeat_waits", part=self._part)
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat(self, detail: dict[str, Any]) -> None:
        mine = (_PARTS.c.part == self._part) & (_PARTS.c.node == self._node)
        values = {"at": now(), "detail": detail}
        changed = update(_PARTS).where(mine).values(values).returning(_PARTS.c.part)
        new = insert(_PARTS).values(part=self._part, node=self._node, **values)
        async with self._database.transaction() as session:
            if await session.scalar(changed) is None:
                await session.execute(new)


async def parts_health(database: Database) -> list[PartHealth]:
    """Each expected part: does it live, and what does it say is wrong?"""
    async with database.reading() as session:
        rows = {row.part: row for row in await session.scalars(select(PartState))}
        dead = await session.scalar(
            select(func.count()).select_from(OwedWork).where(OwedWork.state == "dead")
        )
        given_up = await _given_up(session)
    found = [_health(part, rows.get(part)) for part in EXPECTED]
    controller = rows.get("controller")
    says = controller.detail if controller is not None else {}
    found.append(PartHealth("asterisk", bool(says.get("asterisk")), ""))
    found.append(PartHealth("ami", bool(says.get("ami")), ""))
    found.append(
        PartHealth("journal", not given_up, f"{given_up} facts not projected" if given_up else "")
    )
    found.append(_disk(says))
    down = sorted(name for name, state in dict(says.get("trunks", {})).items() if state == "down")
    # A carrier's outage is no fault of this service: told here, and rung for as an alarm.
    found.append(PartHealth("trunks", True, f"down: {', '.join(down)}" if down else ""))
    found.append(PartHealth("owed_work", not dead, f"{dead} dead" if dead else ""))
    return found


def _disk(says: Mapping[str, Any]) -> PartHealth:
    """Well, unless what is held back for the worst case is being used."""
    level = says.get("disk_reserve", "")
    return PartHealth("disk", level not in ("spent", "gone"), RESERVE_SAYS.get(level, ""))


async def _given_up(session: AsyncSession) -> int:
    """Facts whose rows nobody has changed yet (`hotline owed redo-projections`)."""
    counted = await session.execute(
        select(FactRow.kind, func.count())
        .where(FactRow.kind.in_(("projection_failed", "projection_redone")))
        .group_by(FactRow.kind)
    )
    count = {row[0]: int(row[1]) for row in counted}
    return max(0, count.get("projection_failed", 0) - count.get("projection_redone", 0))


def _health(part: str, row: PartState | None) -> PartHealth:
    if row is None:
        return PartHealth(part, False, "never seen")
    if now() - row.at > SILENT_AFTER:
        return PartHealth(part, False, f"silent since {row.at.isoformat(timespec='seconds')}")
    return PartHealth(part, True, "")
