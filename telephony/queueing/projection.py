"""Room telephony/queueing: facts of waiting, ring-backs and skills → rows of the main database."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from store.base import table_of
from store.facts import Fact
from store.late import late_rows
from telephony.queueing import facts as q
from telephony.tables import Operator, PhoneCall

Private = Mapping[str, Any]
_CALLS = table_of(PhoneCall)


def _call(session: AsyncSession, fact: Fact, **values: Any) -> None:
    late_rows(session).update(_CALLS, fact.call_id or "", values)


async def _queued(session: AsyncSession, fact: q.CallQueued, _: Private) -> None:
    late_rows(session).update_first(_CALLS, fact.call_id or "", "queued_at", fact.at)
    _call(session, fact, priority=fact.priority)


async def _call_back(session: AsyncSession, fact: q.CallBackAsked, _: Private) -> None:
    _call(session, fact, call_back=True)


async def _turned_away(session: AsyncSession, fact: q.CallTurnedAway, _: Private) -> None:
    _call(session, fact, turned_away=True, priority=fact.priority)


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
