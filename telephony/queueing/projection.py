"""Room telephony/queueing: facts of waiting, ring-backs and skills → rows of the main database."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from store.base import table_of
from store.facts import Fact
from telephony.queueing import facts as q
from telephony.tables import Operator, PhoneCall

Private = Mapping[str, Any]
_CALLS = table_of(PhoneCall)


async def _call(session: AsyncSession, fact: Fact, **values: Any) -> None:
    await session.execute(update(_CALLS).where(_CALLS.c.call_id == fact.call_id).values(**values))


async def _queued(session: AsyncSession, fact: q.CallQueued, _: Private) -> None:
    first = func.coalesce(_CALLS.c.queued_at, fact.at, type_=_CALLS.c.queued_at.type)
    await _call(session, fact, queued_at=first, priority=fact.priority)


async def _call_back(session: AsyncSession, fact: q.CallBackAsked, _: Private) -> None:
    await _call(session, fact, call_back=True)


async def _turned_away(session: AsyncSession, fact: q.CallTurnedAway, _: Private) -> None:
    await _call(session, fact, turned_away=True, priority=fact.priority)


async def _skills(session: AsyncSession, fact: q.OperatorSkillsSet, _: Private) -> None:
    row = await session.get(Operator, fact.operator_id)
    if row is None:
        row = Operator(
            operator_id=fact.operator_id, extension=fact.extension, state="out", since=fact.at
        )
        session.add(row)
    row.skills = list(fact.skills)


PROJECTIONS: dict[type[Fact], Callable[[AsyncSession, Any, Private], Awaitable[None]]] = {
    q.CallQueued: _queued,
    q.CallBackAsked: _call_back,
    q.CallTurnedAway: _turned_away,
    q.OperatorSkillsSet: _skills,
}
