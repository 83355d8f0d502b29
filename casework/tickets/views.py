"""Room casework/tickets: tickets as they are read: a page of them, or one with its text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import Select, String, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.tickets.tables import Ticket


@dataclass(frozen=True)
class TicketFilter:
    """What a list is narrowed to; None narrows nothing. `opened_before` is not included."""

    call_id: str | None = None
    status: str | None = None
    kind: str | None = None
    unit_id: str | None = None
    caller_number: str | None = None
    transcript_state: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None


class TicketLine(BaseModel):
    """A ticket in a list."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    number: str
    call_id: str
    matter: int
    kind: str
    status: str
    opened_at: AwareDatetime
    called_at: AwareDatetime
    caller_number: str | None
    title: str
    units: list[str]
    transcript_state: str
    has_gap: bool
    line_broke: bool


class TicketText(TicketLine):
    """One ticket with what was said, by whom, and the proof of it."""

    body: str
    who_spoke: list[str]
    transcript_note: str
    recording_folder: str | None
    recording_sha256: str | None
    edited_by: str | None
    links: dict[str, Any]


@dataclass(frozen=True)
class TicketPage:
    """Newest first. `next_before` asks for the page after this one; None on the last."""

    tickets: list[TicketLine]
    next_before: str | None


async def list_tickets(
    session: AsyncSession, only: TicketFilter, limit: int = 50, before: str | None = None
) -> TicketPage:
    """Tickets numbered before `before`: a ticket opened meanwhile shifts no page."""
    query = _narrowed(only).order_by(Ticket.number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Ticket.number < before)
    rows = [TicketLine.model_validate(row) for row in await session.scalars(query)]
    more = len(rows) > limit
    return TicketPage(rows[:limit], rows[limit - 1].number if more else None)


async def ticket_text(session: AsyncSession, number: str) -> TicketText | None:
    """The ticket of this number; None where there is none."""
    row = await session.scalar(select(Ticket).where(Ticket.number == number))
    return None if row is None else TicketText.model_validate(row)


def _narrowed(only: TicketFilter) -> Select[Ticket]:
    query = select(Ticket)
    for name in ("call_id", "status", "kind", "caller_number", "transcript_state"):
        value = getattr(only, name)
        if value is not None:
            query = query.where(getattr(Ticket, name) == value)
    if only.unit_id is not None:
        # The list is JSON text on both databases; ids have no quotes in them.
        named = cast(Ticket.units, String).contains(f'"{only.unit_id}"', autoescape=True)
        query = query.where(named)
    if only.opened_from is not None:
        query = query.where(Ticket.opened_at >= only.opened_from)
    if only.opened_before is not None:
        query = query.where(Ticket.opened_at < only.opened_before)
    return query
