"""Room telephony/ivr: how callers rated their calls."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime


class CallRating(Base):
    """One to five, pressed by the caller. `flow`, `node`: where they were asked."""

    __tablename__ = "call_rating"

    call_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    rating: Mapped[int]
    rated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    flow: Mapped[str] = mapped_column(String(60))
    node: Mapped[str] = mapped_column(String(40))
