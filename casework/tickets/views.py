"""Room casework/tickets: tickets as they are read: a page of them, or one with its text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, String, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.suggestions.keeping import SuggestionView, current_of, suggestions_of
from casework.suggestions.tables import TicketSuggestion, as_current
from casework.tickets.life import Status
from casework.tickets.steps import steps_of
from casework.tickets.tables import Ticket


@dataclass(frozen=True)
class TicketFilter:
    """What a list is narrowed to; None narrows nothing. `opened_before` is not included.

    `unit_id`: a unit that was in the call. `unit`: who has the ticket, or else who is suggested.
    `held_by`: who has it, suggestions aside.
    `overdue_at`: whose next step was due by then.
    """

    call_id: str | None = None
    status: str | None = None
    kind: str | None = None
    unit_id: str | None = None
    caller_number: str | None = None
    transcript_state: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    unit: str | None = None
    urgency: str | None = None
    overdue_at: datetime | None = None
    held_by: str | None = None


class TicketLine(BaseModel):
    """A ticket in a list. `suggested`: field → what was chosen, or else what is suggested."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    call_id: str
    matter: int
    kind: str
    status: str
    opened_at: AwareDatetime
    called_at: AwareDatetime
    caller_number: str | None
    title: str
    who_spoke: list[str]
    units: list[str]
    transcript_state: str
    transcript_note: str
    recording_sha256: str | None
    has_gap: bool
    line_broke: bool
    links: dict[str, Any]
    unit_id: str | None
    due_at: AwareDatetime | None
    reopened: int
    suggested: dict[str, list[str]] = {}


class StepView(BaseModel):
    """One step of a ticket's life."""

    model_config = ConfigDict(from_attributes=True)

    step: str
    status: str
    at: AwareDatetime
    by: str
    unit_id: str | None
    note: str
    solved: bool | None
    due_at: AwareDatetime | None


class TicketText(TicketLine):
    """One ticket with what was said, what is suggested and why, and what was done."""

    body: str
    edited_by: str | None
    suggestions: list[SuggestionView] = []
    steps: list[StepView] = []


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
    rows = list(await session.scalars(query))
    current = await current_of(session, [row.ticket_id for row in rows])
    lines = [_line(row, current.get(row.ticket_id, {})) for row in rows[:limit]]
    return TicketPage(lines, rows[limit - 1].number if len(rows) > limit else None)


async def ticket_text(session: AsyncSession, number: str) -> TicketText | None:
    """The ticket of this number; None where there is none."""
    row = await session.scalar(select(Ticket).where(Ticket.number == number))
    return None if row is None else await text_of(session, row)


async def text_of(session: AsyncSession, row: Ticket) -> TicketText:
    """This ticket with all that belongs to it."""
    text = TicketText.model_validate(row)
    text.suggestions = await suggestions_of(session, row.ticket_id)
    text.suggested = {
        s.field: s.suggested if s.chosen is None else s.chosen for s in text.suggestions
    }
    text.steps = [StepView.model_validate(step) for step in await steps_of(session, row.ticket_id)]
    return text


def _line(row: Ticket, suggested: dict[str, list[str]]) -> TicketLine:
    line = TicketLine.model_validate(row)
    line.suggested = suggested
    return line


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
    if only.held_by is not None:
        query = query.where(Ticket.unit_id == only.held_by)
    if only.unit is not None:
        suggested = Ticket.unit_id.is_(None) & _holds("unit", only.unit)
        query = query.where(or_(Ticket.unit_id == only.unit, suggested))
    if only.urgency is not None:
        query = query.where(_holds("urgency", only.urgency))
    if only.overdue_at is not None:
        query = query.where(Ticket.due_at <= only.overdue_at, Ticket.status != Status.CLOSED.value)
    if only.opened_from is not None:
        query = query.where(Ticket.opened_at >= only.opened_from)
    if only.opened_before is not None:
        query = query.where(Ticket.opened_at < only.opened_before)
    return query


def _holds(field: str, value: str) -> ColumnElement[bool]:
    """This is what was chosen for the ticket's field, or else what is suggested."""
    return (
        select(TicketSuggestion.ticket_id)
        .where(
            TicketSuggestion.ticket_id == Ticket.ticket_id,
            TicketSuggestion.field == field,
            TicketSuggestion.current == as_current([value]),
        )
        .exists()
    )
