"""Room hotline/health: one row a part, rewritten every few seconds while it lives."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime


class PartState(Base):
    """`detail` is the part's own account of itself."""

    __tablename__ = "part_state"

    part: Mapped[str] = mapped_column(String(40), primary_key=True)
    node: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
