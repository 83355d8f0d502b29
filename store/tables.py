"""Room store: the main journal and how far each node's has been copied into it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime

# SQLite counts by itself only in a column that is exactly INTEGER.
BigNumber = BigInteger().with_variant(Integer, "sqlite")


class FactRow(Base):
    """One fact. `number` is the order in which facts became visible."""

    __tablename__ = "fact"
    __table_args__ = (UniqueConstraint("node", "node_number"),)

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    node: Mapped[str | None] = mapped_column(String(40))
    node_number: Mapped[int | None] = mapped_column(BigNumber)
    kind: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    call_id: Mapped[str | None] = mapped_column(String(80), index=True)
    ticket_id: Mapped[str | None] = mapped_column(String(80), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class NodePosition(Base):
    """Up to here this node's journal has been copied."""

    __tablename__ = "node_position"

    node: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(BigNumber)
