"""Room recording: sealed recordings and their tracks in the main database."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime


class Recording(Base):
    """One seal. `part` is 1, more only where a track turned up after the seal."""

    __tablename__ = "recording"
    __table_args__ = (UniqueConstraint("call_id", "part"),)

    recording_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(80), index=True)
    part: Mapped[int]
    node: Mapped[str] = mapped_column(String(40))
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    clock_start: Mapped[datetime] = mapped_column(UtcDateTime)
    folder: Mapped[str] = mapped_column(String(200))
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    seconds: Mapped[float]
    has_gap: Mapped[bool] = mapped_column(default=False)


class Track(Base):
    """One person's sealed file."""

    __tablename__ = "track"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id"), primary_key=True
    )
    file: Mapped[str] = mapped_column(String(80), primary_key=True)
    leg_id: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    offset_ms: Mapped[int]
    seconds: Mapped[float]
    repaired: Mapped[bool]
