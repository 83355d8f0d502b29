"""Room casework/suggestions: the rows of a ticket's suggestions. The caller commits."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.suggestions.facts import SuggestionAnswered, SuggestionsMade
from casework.suggestions.suggest import FIELDS, Candidate, Suggestion
from casework.suggestions.tables import TicketSuggestion, as_current
from casework.tickets.clock import set_clock
from casework.tickets.life import Terms
from casework.tickets.tables import Ticket
from store import journal
from store.base import now

Answer = Literal["accept", "change"]
# So many earlier tickets of one number within so long make a repeated call of the next one.
REPEATED_TICKETS, REPEATED_WITHIN = 2, timedelta(days=30)


class SuggestionView(BaseModel):
    """What was suggested for one field, why, and what a person said to it."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    suggested: list[str]
    candidates: list[Candidate]
    words: str
    made_at: AwareDatetime
    answer: Answer | None
    chosen: list[str] | None
    answered_by: str | None
    answered_at: AwareDatetime | None


async def keep(
    session: AsyncSession, ticket: Ticket, suggestions: Iterable[Suggestion], words: str
) -> bool:
    """Keep them; False where nothing is new. What a person answered stays as it was."""
    await journal.take_turn(session)
    rows = await _rows(session, ticket.ticket_id)
    changed: dict[str, list[str]] = {}
    for suggestion in suggestions:
        row = rows.get(suggestion.field)
        if row is None:
            row = TicketSuggestion(ticket_id=ticket.ticket_id, field=suggestion.field)
            session.add(row)
        elif row.answer is not None or _same(row, suggestion, words):
            continue
        row.suggested, row.words, row.made_at = suggestion.values, words, now()
        row.candidates = [c.model_dump(mode="json") for c in suggestion.candidates]
        row.current = as_current(suggestion.values)
        changed[suggestion.field] = suggestion.values
    if changed:
        fact = SuggestionsMade(
            at=now(), call_id=ticket.call_id, ticket_id=ticket.ticket_id, number=ticket.number,
            words=words, suggested=changed,
        )  # fmt: skip
        await journal.append(session, fact)
        await session.flush()
    return bool(changed)


async def answer(
    session: AsyncSession, ticket: Ticket, field: str, chosen: list[str] | None, by: str,
    terms: Terms,
) -> SuggestionView:  # fmt: skip
    """Accepted (`chosen` None) or changed; the same once more is once.

    Where nothing was suggested a person can choose, but not accept: LookupError.
    """
    await journal.take_turn(session)
    row = (await _rows(session, ticket.ticket_id)).get(field)
    if row is None:
        if chosen is None:
            raise LookupError(field)
        row = _nothing_suggested(session, ticket, field)
    said: Answer = "accept" if chosen is None or chosen == row.suggested else "change"
    values = row.suggested if chosen is None else chosen
    if (row.answer, row.chosen) != (said, values):
        row.answer, row.chosen, row.current = said, values, as_current(values)
        row.answered_by, row.answered_at = by, now()
        fact = SuggestionAnswered(
            at=now(), call_id=ticket.call_id, ticket_id=ticket.ticket_id, number=ticket.number,
            field=field, answer=said, suggested=row.suggested, chosen=values, words=row.words,
            by=by,
        )  # fmt: skip
        await journal.append(session, fact)
        await session.flush()
        if field == "urgency":
            urgency = await chosen_urgency(session, ticket.ticket_id)
            await set_clock(session, ticket, urgency, terms)
    return SuggestionView.model_validate(row)


async def suggestions_of(session: AsyncSession, ticket_id: str) -> list[SuggestionView]:
    """In the order in which they are made."""
    rows = await _rows(session, ticket_id)
    return [SuggestionView.model_validate(rows[field]) for field in FIELDS if field in rows]


async def current_of(
    session: AsyncSession, ticket_ids: Iterable[str]
) -> dict[str, dict[str, list[str]]]:
    """Ticket → field → what holds now: what was chosen, or else what was suggested."""
    rows = await session.execute(
        select(TicketSuggestion.ticket_id, TicketSuggestion.field, TicketSuggestion.current)
        .where(TicketSuggestion.ticket_id.in_(list(ticket_ids)))
    )  # fmt: skip
    found: dict[str, dict[str, list[str]]] = {}
    for ticket_id, field, current in rows:
        found.setdefault(ticket_id, {})[field] = [v for v in current.split(",") if v]
    return found


async def chosen_urgency(session: AsyncSession, ticket_id: str) -> str:
    """What a person said; `normal` where nobody did: a mere suggestion decides nothing."""
    row = await session.get(TicketSuggestion, (ticket_id, "urgency"))
    return row.chosen[0] if row is not None and row.chosen else "normal"


async def earlier_tickets(session: AsyncSession, ticket: Ticket) -> int:
    """Of the same number, shortly before; 0 where that makes no repeated call yet."""
    if not ticket.caller_number:
        return 0
    times = await session.scalar(
        select(func.count()).where(
            Ticket.caller_number == ticket.caller_number, Ticket.call_id != ticket.call_id,
            Ticket.called_at < ticket.called_at,
            Ticket.called_at >= ticket.called_at - REPEATED_WITHIN,
        )
    )  # fmt: skip
    return times if times and times >= REPEATED_TICKETS else 0


async def _rows(session: AsyncSession, ticket_id: str) -> dict[str, TicketSuggestion]:
    # Whoever changes them holds the journal's turn: no lock on the rows is needed.
    rows = await session.scalars(
        select(TicketSuggestion).where(TicketSuggestion.ticket_id == ticket_id)
    )
    return {row.field: row for row in rows}


def _nothing_suggested(session: AsyncSession, ticket: Ticket, field: str) -> TicketSuggestion:
    row = TicketSuggestion(
        ticket_id=ticket.ticket_id, field=field, suggested=[], candidates=[], words="",
        made_at=now(),
    )  # fmt: skip
    session.add(row)
    return row


def _same(row: TicketSuggestion, suggestion: Suggestion, words: str) -> bool:
    made = [c.model_dump(mode="json") for c in suggestion.candidates]
    return (row.suggested, row.words, row.candidates) == (suggestion.values, words, made)
