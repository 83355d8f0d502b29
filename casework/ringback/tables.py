"""Room casework/ringback: whom we still owe a call."""

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime


class Ringback(Base):
    """One number to be rung back, however often it called. `state`: open | closed | impossible.

    `queued_at`: since when they wait; `keeps_place`: they asked to be rung back at their place in
    the queue. `calls`: ids of the calls in which nobody spoke with them, oldest first.
    """

    __tablename__ = "ringback"
    __table_args__ = (Index("ix_ringback_state_due", "state", "due_at"),)

    ringback_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[str | None] = mapped_column(String(40), index=True)
    state: Mapped[str] = mapped_column(String(12))
    why_not: Mapped[str | None] = mapped_column(String(20))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    calls: Mapped[list[str]] = mapped_column(JSON)
    priority: Mapped[int] = mapped_column(default=0)
    keeps_place: Mapped[bool] = mapped_column(default=False)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    overdue_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_call: Mapped[str | None] = mapped_column(String(80))
    how: Mapped[str | None] = mapped_column(String(20))
