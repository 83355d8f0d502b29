"""Room casework/suggestions: one row for each field of a ticket something was suggested for."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime

CURRENT = String(400)


class TicketSuggestion(Base):
    """`current`: what holds now, `,a,b,` so that one value can be looked for.

    `answer`: accept | change, nothing until somebody looked. What was suggested then stays.
    """

    __tablename__ = "ticket_suggestion"
    __table_args__ = (Index("ix_ticket_suggestion_current", "field", "current"),)

    ticket_id: Mapped[str] = mapped_column(ForeignKey("ticket.ticket_id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(20), primary_key=True)
    suggested: Mapped[list[str]] = mapped_column(JSON)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    current: Mapped[str] = mapped_column(CURRENT)
    words: Mapped[str] = mapped_column(String(40))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(String(10))
    chosen: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    answered_by: Mapped[str | None] = mapped_column(String(80))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def as_current(values: list[str]) -> str:
    """As `current` has it."""
    return f",{','.join(values)},"[: CURRENT.length] if values else ""
