"""Room casework/tickets: opening tickets, each matter of each call exactly once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import overload
from zoneinfo import ZoneInfo

from sqlalchemy import String, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from casework.tickets.facts import TicketOpened, TranscriptAttached
from casework.tickets.life import Status, Terms, due
from casework.tickets.tables import CALLER_NUMBER, NOTE, TITLE, Ticket
from store import journal
from store.base import new_id, now

CITY_TIME = ZoneInfo("Asia/Shanghai")
FIRST_MATTER = 1
# Whoever numbers tickets holds this lock until their transaction ends (PostgreSQL).
_NUMBERING = 0x7469636B


class KeyUsed(ValueError):
    """This key has asked for something else before."""


@dataclass(frozen=True)
class TicketDraft:
    """A call as it becomes a ticket. Without a transcript `body` is empty and the note says why."""

    call_id: str
    kind: str
    called_at: datetime
    caller_number: str | None
    title: str
    body: str
    who_spoke: list[str]
    units: list[str]
    has_transcript: bool
    transcript_note: str
    recording_folder: str | None
    recording_sha256: str | None
    has_gap: bool
    line_broke: bool
    links: dict[str, str] = field(default_factory=dict)


async def open_ticket(session: AsyncSession, draft: TicketDraft, terms: Terms) -> Ticket:
    """The call's first matter: opened now, or the one that is there, given what it lacks."""
    await _lock(session)
    ticket = await session.scalar(
        select(Ticket).where(Ticket.call_id == draft.call_id, Ticket.matter == FIRST_MATTER)
    )
    if ticket is None:
        return await _open(session, draft, terms, FIRST_MATTER)
    _complete(ticket, draft)
    if draft.has_transcript and (ticket.transcript_state != "done" or _says_more(ticket, draft)):
        await _attach(session, ticket, draft)
    return ticket


async def add_matter(
    session: AsyncSession, call_id: str, title: str, by: str, terms: Terms, key: str | None = None
) -> Ticket:
    """One more matter of the same call, opened by a person; once for each key.

    LookupError without a first one, `KeyUsed`.
    """
    await _lock(session)
    if key is not None:
        known = await session.scalar(select(Ticket).where(Ticket.request_key == key))
        if known is not None:
            if (known.call_id, known.title) != (call_id, _fitting(title, TITLE)):
                raise KeyUsed(key)
            return known
    matters = list(await session.scalars(select(Ticket).where(Ticket.call_id == call_id)))
    first = next((ticket for ticket in matters if ticket.matter == FIRST_MATTER), None)
    if first is None:
        raise LookupError(call_id)
    draft = TicketDraft(
        call_id=call_id, kind=first.kind, called_at=first.called_at,
        caller_number=first.caller_number, title=title, body="", who_spoke=first.who_spoke,
        units=[], has_transcript=False, transcript_note=f"见 {first.number}",
        recording_folder=first.recording_folder, recording_sha256=first.recording_sha256,
        has_gap=first.has_gap, line_broke=first.line_broke, links=dict(first.links),
    )  # fmt: skip
    return await _open(session, draft, terms, max(t.matter for t in matters) + 1, by, key)


async def _open(
    session: AsyncSession, draft: TicketDraft, terms: Terms, matter: int, by: str | None = None,
    key: str | None = None,
) -> Ticket:  # fmt: skip
    moment = now()
    ticket = Ticket(
        ticket_id=new_id(), number=await _next_number(session, moment), call_id=draft.call_id,
        matter=matter, kind=draft.kind, status=Status.OPEN.value, opened_at=moment,
        called_at=draft.called_at, caller_number=_fitting(draft.caller_number, CALLER_NUMBER),
        title=_fitting(draft.title, TITLE),
        body=draft.body, who_spoke=draft.who_spoke, units=draft.units,
        transcript_state="done" if draft.has_transcript else "none",
        transcript_note=_fitting(draft.transcript_note, NOTE),
        recording_folder=draft.recording_folder, recording_sha256=draft.recording_sha256,
        has_gap=draft.has_gap, line_broke=draft.line_broke, links=draft.links, edited_by=by,
        # Whom we did not speak with is rung back; that has a deadline of its own.
        due_at=None if draft.kind == "abandoned" else due(Status.OPEN, "normal", moment, terms),
        request_key=key, reopened=0,
    )  # fmt: skip
    session.add(ticket)
    await session.flush()
    fact = TicketOpened(
        at=moment, call_id=draft.call_id, ticket_id=ticket.ticket_id, number=ticket.number,
        matter=matter, with_transcript=draft.has_transcript, by=by,
    )  # fmt: skip
    await journal.append(session, fact)
    return ticket


def _complete(ticket: Ticket, draft: TicketDraft) -> None:
    """What was not known yet when the ticket was opened, and why its transcript is missing."""
    if ticket.recording_folder is None:
        ticket.recording_folder = draft.recording_folder
        ticket.recording_sha256 = draft.recording_sha256
    ticket.has_gap = ticket.has_gap or draft.has_gap
    if ticket.transcript_state != "done":
        ticket.transcript_note = _fitting(draft.transcript_note, NOTE)


def _says_more(ticket: Ticket, draft: TicketDraft) -> bool:
    """Of a recording whose next part came later; what a person wrote stays as it is."""
    return ticket.edited_by is None and len(draft.body) > len(ticket.body)


async def _attach(session: AsyncSession, ticket: Ticket, draft: TicketDraft) -> None:
    ticket.transcript_state = "done"
    if ticket.edited_by is None:  # what a person wrote is not written over
        ticket.title, ticket.body = _fitting(draft.title, TITLE), draft.body
    fact = TranscriptAttached(
        at=now(), call_id=ticket.call_id, ticket_id=ticket.ticket_id, number=ticket.number
    )
    await journal.append(session, fact)


async def _lock(session: AsyncSession) -> None:
    await journal.take_turn(session)
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _NUMBERING})


async def _next_number(session: AsyncSession, moment: datetime) -> str:
    """`PT20261124-000001`: counted by the day, in the city's time."""
    prefix = f"PT{moment.astimezone(CITY_TIME):%Y%m%d}-"
    newest = await session.scalar(
        select(func.max(Ticket.number)).where(Ticket.number.like(f"{prefix}%"))
    )
    return f"{prefix}{int(newest.removeprefix(prefix)) + 1 if newest else 1:06d}"


@overload
def _fitting(text: str, column: String) -> str: ...
@overload
def _fitting(text: str | None, column: String) -> str | None: ...
def _fitting(text: str | None, column: String) -> str | None:
    # PostgreSQL refuses the whole row for one long word; a ticket must never be lost to that.
    return text if text is None else text.replace("\0", "")[: column.length]
