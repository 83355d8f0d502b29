"""Room hotline/health: one row a part, rewritten while it lives; one row a reader of facts."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime
from store.tables import BigNumber


class PartState(Base):
    """`detail` is the part's own account of itself."""

    __tablename__ = "part_state"

    part: Mapped[str] = mapped_column(String(40), primary_key=True)
    node: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class Follower(Base):
    """Up to which fact a reader of the main journal has come, and what it made of them."""

    __tablename__ = "follower"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(BigNumber)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
