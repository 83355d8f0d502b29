"""Room casework/tickets: a ticket's clock, set anew when somebody says how urgent it is."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.tickets.life import Status, Terms, due
from casework.tickets.tables import Ticket, TicketStep
from store.base import now


async def set_clock(session: AsyncSession, ticket: Ticket, urgency: str, terms: Terms) -> None:
    """As if the ticket had been this urgent since its last step; whoever asks has the turn."""
    await session.refresh(ticket, with_for_update=True)
    if ticket.due_at is None:  # closed, or a call given up, whose clock is its ring-back's
        return
    last = await session.scalar(
        select(func.max(TicketStep.at)).where(TicketStep.ticket_id == ticket.ticket_id)
    )
    ticket.due_at = due(Status(ticket.status), urgency, last or ticket.opened_at, terms)
    if ticket.due_at is not None and ticket.due_at > now():
        ticket.overdue_told_at = None
