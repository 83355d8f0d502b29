"""Room api: whose phone is meant, and that nobody uses the phone at which somebody else sits."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Who
from api.problems import Problem
from telephony.bridge.refusals import WORDS, Refusal
from telephony.roles import Role as LegRole
from telephony.tables import Leg, Operator


def extension_of(who: Who, given: str | None) -> str:
    """The phone that was named, or this person's own."""
    extension = given or who.extension
    if extension is None:
        raise Problem(422, "没有可用的分机 / no extension", "extension")
    return extension


async def phone_of(session: AsyncSession, who: Who, given: str | None) -> str:
    """The phone that was named, or where this person sits, or their own; 403 where another sits."""
    extension = given or await _seat_of(session, who) or extension_of(who, None)
    if await _holder(session, who, extension) is not None:
        raise Problem(403, "别人正在使用这部分机 / somebody else sits at this phone", "extension")
    return extension


async def phone_to_sit_at(session: AsyncSession, who: Who, given: str | None) -> str:
    """The phone that was named, or their own; 409 while somebody else talks on it."""
    extension = extension_of(who, given)
    if await _holder(session, who, extension) is not None and await _talks(session, extension):
        reason = Refusal.OPERATOR_BUSY
        raise Problem(409, WORDS[reason], "extension", reason=reason.value)
    return extension


async def phones_of(session: AsyncSession, who: Who) -> set[str]:
    """Where this person sits, and their own phone unless somebody else sits there."""
    seat = await _seat_of(session, who)
    own = who.extension
    if own and own != seat and await _holder(session, who, own) is not None:
        own = None
    return {phone for phone in (seat, own) if phone}


async def _seat_of(session: AsyncSession, who: Who) -> str | None:
    seat: str | None = await session.scalar(
        select(Operator.extension).where(
            Operator.operator_id == who.username, Operator.state != "out"
        )
    )
    return seat


async def _holder(session: AsyncSession, who: Who, extension: str) -> str | None:
    holder: str | None = await session.scalar(
        select(Operator.operator_id).where(
            Operator.extension == extension, Operator.state != "out",
            Operator.operator_id != who.username,
        )
    )  # fmt: skip
    return holder


async def _talks(session: AsyncSession, extension: str) -> bool:
    leg = await session.scalar(
        select(Leg.leg_id)
        .where(Leg.number == extension, Leg.ended_at.is_(None), Leg.role == LegRole.OPERATOR.value)
        .limit(1)
    )
    return leg is not None
