"""Room transcription: its one table."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime
from transcription.words import Timeline

State = Literal["done", "failed"]


class Transcript(Base):
    """The newest result for a call. Once done it is never overwritten."""

    __tablename__ = "transcript"

    call_id: Mapped[str] = mapped_column(String, primary_key=True)
    state: Mapped[State] = mapped_column(String, index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String, default=None)
    engine: Mapped[str | None] = mapped_column(String, default=None)
    model: Mapped[str | None] = mapped_column(String, default=None)
    why: Mapped[str | None] = mapped_column(String, default=None)
    language: Mapped[str | None] = mapped_column(String, default=None)
    seconds_audio: Mapped[float] = mapped_column(default=0.0)
    seconds_spent: Mapped[float] = mapped_column(default=0.0)
    timeline: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)

    def spoken(self) -> Timeline | None:
        """The stored timeline as a value."""
        return None if self.timeline is None else Timeline.model_validate(self.timeline)
