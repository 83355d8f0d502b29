"""Room casework/tickets: steps of a ticket's life carried out, and what is overdue told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.suggestions.keeping import chosen_urgency
from casework.tickets.facts import TicketMoved, TicketOverdue
from casework.tickets.life import Status, Step, Terms, after, due
from casework.tickets.open import KeyUsed
from casework.tickets.tables import Ticket, TicketStep
from store import journal
from store.base import new_id, now


class TicketUnknown(LookupError):
    """No ticket of this number."""


class NotNow(ValueError):
    """This step cannot be taken from where the ticket is."""

    def __init__(self, status: str, step: Step) -> None:
        super().__init__(f"{step.value} from {status}")
        self.status = status


@dataclass(frozen=True)
class Asked:
    """One step as a person asks for it. `key`: the same key asks once."""

    step: Step
    by: str
    unit_id: str | None = None
    note: str = ""
    solved: bool | None = None
    key: str | None = None


async def take_step(session: AsyncSession, number: str, asked: Asked, terms: Terms) -> Ticket:
    """The ticket after this step. `TicketUnknown`, `NotNow`, `KeyUsed`."""
    await journal.take_turn(session)
    ticket = await session.scalar(
        select(Ticket)
        .where(Ticket.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if ticket is None:
        raise TicketUnknown(number)
    if await _asked_before(session, ticket, asked):
        return ticket
    status = after(Status(ticket.status), asked.step, asked.solved)
    if status is None:
        raise NotNow(ticket.status, asked.step)
    await _move(session, ticket, asked, status, terms)
    return ticket


async def steps_of(session: AsyncSession, ticket_id: str) -> Sequence[TicketStep]:
    """In order."""
    rows = await session.scalars(
        select(TicketStep).where(TicketStep.ticket_id == ticket_id).order_by(TicketStep.position)
    )
    return list(rows)


async def overdue(session: AsyncSession, moment: datetime) -> Sequence[Ticket]:
    """Tickets whose next step is past due and not told yet."""
    rows = await session.scalars(
        select(Ticket).where(
            Ticket.due_at <= moment, Ticket.overdue_told_at.is_(None),
            Ticket.status != Status.CLOSED.value,
        )
    )  # fmt: skip
    return list(rows)


async def tell_overdue(session: AsyncSession, moment: datetime) -> list[str]:
    """A fact for each of them, once for each due time; their numbers."""
    await journal.take_turn(session)
    told = []
    for ticket in await overdue(session, moment):
        ticket.overdue_told_at = moment
        told.append(ticket.number)
        fact = TicketOverdue(
            at=moment, call_id=ticket.call_id, ticket_id=ticket.ticket_id, number=ticket.number,
            status=ticket.status, unit_id=ticket.unit_id,
        )  # fmt: skip
        await journal.append(session, fact)
    return told


async def was_taken(session: AsyncSession, ticket_id: str, key: str | None) -> bool:
    """Whether this key's step of this ticket was taken: its answer may have been lost."""
    if key is None:
        return False
    taken = select(TicketStep.step_id).where(
        TicketStep.ticket_id == ticket_id, TicketStep.request_key == key
    )
    return await session.scalar(taken) is not None


async def _asked_before(session: AsyncSession, ticket: Ticket, asked: Asked) -> bool:
    if asked.key is None:
        return False
    row = await session.scalar(select(TicketStep).where(TicketStep.request_key == asked.key))
    if row is None:
        return False
    unit_id = asked.unit_id or row.unit_id
    same = (ticket.ticket_id, asked.step.value, unit_id, asked.note, asked.solved)
    if (row.ticket_id, row.step, row.unit_id, row.note, row.solved) != same:
        raise KeyUsed(asked.key)
    return True


async def _move(
    session: AsyncSession, ticket: Ticket, asked: Asked, status: Status, terms: Terms
) -> None:
    moment = now()
    urgency = await chosen_urgency(session, ticket.ticket_id)
    if asked.step is Step.DISPATCH:
        ticket.unit_id = asked.unit_id
    elif asked.step is Step.RETURN:
        ticket.unit_id = None
    ticket.status = status.value
    ticket.reopened += status is Status.REOPENED
    ticket.due_at, ticket.overdue_told_at = due(status, urgency, moment, terms), None
    session.add(
        TicketStep(
            step_id=new_id(), ticket_id=ticket.ticket_id, position=await _next(session, ticket),
            step=asked.step.value, status=status.value, at=moment, by=asked.by,
            unit_id=asked.unit_id or ticket.unit_id, note=asked.note.replace("\0", ""),
            solved=asked.solved, due_at=ticket.due_at, request_key=asked.key,
        )
    )  # fmt: skip
    await session.flush()
    fact = TicketMoved(
        at=moment, call_id=ticket.call_id, ticket_id=ticket.ticket_id, number=ticket.number,
        step=asked.step.value, status=status.value, unit_id=ticket.unit_id, solved=asked.solved,
        due_at=ticket.due_at, by=asked.by,
    )  # fmt: skip
    await journal.append(session, fact)


async def _next(session: AsyncSession, ticket: Ticket) -> int:
    last = await session.scalar(
        select(func.max(TicketStep.position)).where(TicketStep.ticket_id == ticket.ticket_id)
    )
    return (last or 0) + 1
