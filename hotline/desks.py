"""Room hotline: a desk phone knows its extension; the accounts know who sits there."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.tables import User
from store.facts import Fact
from telephony.facts import OperatorPaused, OperatorSignedIn, OperatorSignedOut
from telephony.tables import Operator


async def with_operator(session: AsyncSession, fact: Fact) -> Fact:
    """The fact, told of the operator instead of their extension where a phone's code made it."""
    if not isinstance(fact, OperatorSignedIn | OperatorSignedOut | OperatorPaused):
        return fact
    if fact.operator_id != fact.extension:
        return fact
    known = await session.scalar(
        select(User.username)
        .where(User.extension == fact.extension, User.active)
        .order_by(User.username)
        .limit(1)
    )
    before = await session.scalar(
        select(Operator.operator_id)
        .where(Operator.extension == fact.extension)
        .order_by(Operator.since.desc())
        .limit(1)
    )
    found = before if isinstance(fact, OperatorSignedOut | OperatorPaused) and before else known
    return fact.model_copy(update={"operator_id": found or before or fact.operator_id})
