"""Room telephony/ivr: ratings → rows of the main database."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from store.facts import Fact
from telephony.ivr import facts as f
from telephony.ivr.tables import CallRating


async def _rated(session: AsyncSession, fact: f.CallRated, _: Mapping[str, Any]) -> None:
    row = await session.get(CallRating, fact.call_id)
    if row is None:
        row = CallRating(call_id=fact.call_id)
        session.add(row)
    # Asked twice, the later answer counts.
    row.rating, row.rated_at, row.flow, row.node = fact.rating, fact.at, fact.flow, fact.node


PROJECTIONS: dict[type[Fact], Callable[[AsyncSession, Any, Mapping[str, Any]], Awaitable[None]]] = {
    f.CallRated: _rated
}
