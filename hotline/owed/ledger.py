"""Room hotline/owed: owing, leasing, finishing, giving back, giving up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Insert, case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.owed.facts import WorkDied
from hotline.owed.tables import OwedWork
from store import journal
from store.base import now, table_of

TRANSCRIBE = "transcribe"
TICKET = "ticket"
NOTIFY = "notify"
# Not "now": who owes and who works may have clocks that were stepped apart.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
MAX_ATTEMPTS = {TRANSCRIBE: 4, TICKET: 50, NOTIFY: 200}
LEASE = {
    TRANSCRIBE: timedelta(minutes=10),
    TICKET: timedelta(minutes=1),
    NOTIFY: timedelta(minutes=1),
}
_OWED = table_of(OwedWork)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Leased:
    """A piece of work this worker may do now."""

    call_id: str
    stage: str
    attempt: int


async def owe(
    session: AsyncSession, call_id: str, stage: str, *, again: bool = False,
    not_before: datetime = AT_ONCE,
) -> None:  # fmt: skip
    """Write down that this work is owed; owing twice is owing once, unless done and `again`.

    Owed for later and then for sooner, it is owed for sooner.
    """
    values = {
        "call_id": call_id, "stage": stage, "state": "owed", "owed_since": now(),
        "not_before": not_before, "attempts": 0,
    }  # fmt: skip
    await session.flush()
    await session.execute(_owing(session.get_bind().dialect.name, again), [values])


@cache
def _owing(dialect: str, again: bool) -> Insert:
    """One statement for what is new, what is owed already and what is done; made once."""
    insert = _INSERT[dialect](_OWED)
    waits = (_OWED.c.state == "owed") & (_OWED.c.attempts == 0)
    where = waits & (insert.excluded.not_before < _OWED.c.not_before)
    changed = {"not_before": insert.excluded.not_before}
    if again:
        done = _OWED.c.state == "done"
        where = done | where
        for name in ("state", "owed_since", "attempts"):
            changed[name] = case((done, insert.excluded[name]), else_=_OWED.c[name])
    key = [_OWED.c.call_id, _OWED.c.stage]
    owing: Insert = insert.on_conflict_do_update(index_elements=key, set_=changed, where=where)
    return owing


async def lease(
    session: AsyncSession, call_id: str, stage: str, worker: str, at: datetime
) -> Leased | None:
    """Take this work if it is owed and nobody else is at it; one statement, so one winner."""
    taken = await session.execute(
        update(OwedWork)
        .where(
            OwedWork.call_id == call_id,
            OwedWork.stage == stage,
            OwedWork.state == "owed",
            OwedWork.not_before <= at,
            or_(OwedWork.lease_until.is_(None), OwedWork.lease_until < at),
        )
        .values(lease_owner=worker, lease_until=at + LEASE[stage], attempts=OwedWork.attempts + 1)
        .returning(OwedWork.attempts)
    )
    attempt = taken.scalar_one_or_none()
    if attempt is None:
        return None
    if attempt > MAX_ATTEMPTS[stage]:  # whoever had it before was killed at it, every time
        await give_back(session, Leased(call_id, stage, attempt), "killed at each attempt")
        return None
    return Leased(call_id, stage, attempt)


async def finish(session: AsyncSession, work: Leased) -> None:
    """The work is done, in the same transaction as what it made."""
    row = await session.get_one(OwedWork, (work.call_id, work.stage))
    row.state, row.done_at, row.lease_owner, row.lease_until = "done", now(), None, None
    row.last_error = None


async def give_back(session: AsyncSession, work: Leased, error: str) -> bool:
    """It failed: try later, or (True) it is dead and in plain sight."""
    row = await session.get_one(OwedWork, (work.call_id, work.stage))
    row.lease_owner, row.lease_until, row.last_error = None, None, error[:2000]
    row.not_before = now() + timedelta(seconds=min(300, 2**work.attempt))
    if work.attempt < MAX_ATTEMPTS[work.stage]:
        return False
    row.state = "dead"
    await journal.append(
        session,
        WorkDied(
            at=now(), call_id=work.call_id, stage=work.stage, attempts=work.attempt,
            error=error.partition(":")[0][:80],
        ),
    )  # fmt: skip
    return True


async def offered(session: AsyncSession, stages: Sequence[str], at: datetime) -> list[Leased]:
    """What is owed, due and unleased: the sweep offers it (again) to the queue."""
    rows = await session.scalars(
        select(OwedWork).where(
            OwedWork.stage.in_(stages),
            OwedWork.state == "owed",
            OwedWork.not_before <= at,
            or_(OwedWork.lease_until.is_(None), OwedWork.lease_until < at),
        )
    )
    return [Leased(row.call_id, row.stage, row.attempts) for row in rows]
