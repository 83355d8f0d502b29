"""Room casework/tickets: one row a matter of a call, one row a step of its life."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime

CALLER_NUMBER, TITLE, NOTE = String(40), String(200), String(400)
REQUEST_KEY = String(200)


class Ticket(Base):
    """A matter. `kind`: call | message | abandoned; `transcript_state`: none | done.

    `status` and what follows from it: `casework/tickets/life.py`. `due_at`: by when the next
    step is due; `unit_id`: who has it. `request_key`: an added matter is added once.
    """

    __tablename__ = "ticket"
    __table_args__ = (UniqueConstraint("call_id", "matter"),)

    ticket_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    call_id: Mapped[str] = mapped_column(String(80), index=True)
    matter: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), index=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    called_at: Mapped[datetime] = mapped_column(UtcDateTime)
    caller_number: Mapped[str | None] = mapped_column(CALLER_NUMBER)
    title: Mapped[str] = mapped_column(TITLE)
    body: Mapped[str] = mapped_column(Text)
    who_spoke: Mapped[list[str]] = mapped_column(JSON)
    units: Mapped[list[str]] = mapped_column(JSON)
    transcript_state: Mapped[str] = mapped_column(String(20))
    transcript_note: Mapped[str] = mapped_column(NOTE)
    recording_folder: Mapped[str | None] = mapped_column(String(200))
    recording_sha256: Mapped[str | None] = mapped_column(String(64))
    has_gap: Mapped[bool] = mapped_column(default=False)
    line_broke: Mapped[bool] = mapped_column(default=False)
    edited_by: Mapped[str | None] = mapped_column(String(80))
    links: Mapped[dict[str, Any]] = mapped_column(JSON)
    unit_id: Mapped[str | None] = mapped_column(String(80), index=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    overdue_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reopened: Mapped[int] = mapped_column(default=0)
    request_key: Mapped[str | None] = mapped_column(REQUEST_KEY, unique=True)


class TicketStep(Base):
    """One step, never changed. `note` is what a person wrote; facts hold ids alone."""

    __tablename__ = "ticket_step"
    __table_args__ = (UniqueConstraint("ticket_id", "position"),)

    step_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("ticket.ticket_id"))
    position: Mapped[int]
    step: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(String(80))
    unit_id: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text)
    solved: Mapped[bool | None]
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    request_key: Mapped[str | None] = mapped_column(REQUEST_KEY, unique=True)
