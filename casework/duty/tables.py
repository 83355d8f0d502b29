"""Room casework/duty: units and shifts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime


class Unit(Base):
    """A department, an office, a partner. `kind`: unit | petition | emergency | leader."""

    __tablename__ = "unit"

    unit_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20), default="unit")
    # Of emergency centres: what a console shows on their key, and who stands in for them.
    key: Mapped[str | None] = mapped_column(String(5), unique=True)
    fallback: Mapped[str | None] = mapped_column(String(80))


class Shift(Base):
    """One person on one rung. Dated (`starts_at`…`ends_at`), or weekly in local minutes.

    `weekdays` is a string of digits, Monday 0; empty for a dated shift. A weekly shift
    whose `to_minute` is not after its `from_minute` goes over midnight.
    """

    __tablename__ = "shift"
    __table_args__ = (Index("ix_shift_unit_rung", "unit_id", "rung"),)

    shift_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.unit_id"))
    rung: Mapped[int]
    person_id: Mapped[str] = mapped_column(String(80))
    person_name: Mapped[str] = mapped_column(String(200))
    number: Mapped[str] = mapped_column(String(40))
    ring_seconds: Mapped[int]
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    weekdays: Mapped[str] = mapped_column(String(7), default="")
    from_minute: Mapped[int] = mapped_column(default=0)
    to_minute: Mapped[int] = mapped_column(default=0)
