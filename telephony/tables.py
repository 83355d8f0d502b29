"""Room telephony: calls, legs, connects, monitorings, commands and operators in the main database.

All but `Command` are written by the projection of facts (`telephony/projection.py`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime


class PhoneCall(Base):
    """One call of one citizen. `stage`: live | ended; `direction`: in | out (we rang them)."""

    __tablename__ = "phone_call"

    call_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    node: Mapped[str] = mapped_column(String(40), index=True)
    caller_number: Mapped[str | None] = mapped_column(String(40))
    caller_name: Mapped[str | None] = mapped_column(String(200))
    called: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    operator_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stage: Mapped[str] = mapped_column(String(20), default="live", index=True)
    left_message: Mapped[bool] = mapped_column(default=False)
    line_broke: Mapped[bool] = mapped_column(default=False)
    direction: Mapped[str] = mapped_column(String(3), default="in")
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    priority: Mapped[int] = mapped_column(default=0)
    turned_away: Mapped[bool] = mapped_column(default=False)
    call_back: Mapped[bool] = mapped_column(default=False)
    talked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Leg(Base):
    """One person's channel in a call."""

    __tablename__ = "leg"

    leg_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("phone_call.call_id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(120))
    number: Mapped[str | None] = mapped_column(String(40))
    person_id: Mapped[str | None] = mapped_column(String(80))
    request_id: Mapped[str | None] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(20), default="nowhere")
    muted: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str | None] = mapped_column(String(10))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cause: Mapped[int | None]


class Connect(Base):
    """One pressed key: a unit asked into a call. `state`: ringing | accepted | joined | over."""

    __tablename__ = "connect"

    request_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("phone_call.call_id"), index=True)
    unit_id: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    how: Mapped[str | None] = mapped_column(String(40))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rungs: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    handover: Mapped[bool] = mapped_column(default=False)
    # Who came, where a fallback stood in for the unit that was asked for.
    joined_unit: Mapped[str | None] = mapped_column(String(80))


class Command(Base):
    """What somebody asked the controller of a node to do.

    `state`: asked → doing → done | refused | unknown. The key makes asking twice ask once.
    """

    __tablename__ = "command"
    __table_args__ = (
        UniqueConstraint("asked_by", "idempotency_key"),
        Index("ix_command_node_state", "node", "state"),
    )

    command_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(120))
    node: Mapped[str] = mapped_column(String(40))
    call_id: Mapped[str | None] = mapped_column(String(80), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    asked_by: Mapped[str] = mapped_column(String(80))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20), default="asked")
    reason: Mapped[str | None] = mapped_column(String(80))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Operator(Base):
    """A person who answers at a desk phone. `state`: out | ready | paused."""

    __tablename__ = "operator"

    operator_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    extension: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default="out")
    pause_reason: Mapped[str | None] = mapped_column(String(80))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    skills: Mapped[list[str]] = mapped_column(JSON, default=list)
