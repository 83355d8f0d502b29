"""Room casework/ringback: who is owed a call, by when, and in which order. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Reason(StrEnum):
    """Why a citizen is owed a call; the heaviest first."""

    CALL_BACK = "call_back"  # asked to be rung back instead of waiting
    OVERLOAD = "overload"  # all lines were busy
    MESSAGE = "message"  # left a message
    ABANDONED = "abandoned"  # gave up in the queue
    MISSED = "missed"  # gone before they were queued


@dataclass(frozen=True)
class Ended:
    """A citizen's call that is over, as far as these rules need it."""

    call_id: str
    number: str | None
    at: datetime
    started_at: datetime
    queued_at: datetime | None = None
    priority: int = 0
    talked: bool = False
    left_message: bool = False
    turned_away: bool = False
    call_back: bool = False
    served: bool = False  # a flow answered what they wanted; nobody was asked for


@dataclass(frozen=True)
class Deadlines:
    """How long a citizen may be left without a call."""

    soon: timedelta = timedelta(minutes=30)
    message: timedelta = timedelta(minutes=120)


def reason_of(call: Ended) -> Reason | None:
    """Why this call leaves a ring-back; None where it leaves none."""
    if call.talked:
        return None
    if call.call_back:
        return Reason.CALL_BACK
    if call.turned_away:
        return Reason.OVERLOAD
    if call.left_message:
        return Reason.MESSAGE
    if call.queued_at is not None:
        return Reason.ABANDONED
    return None if call.served else Reason.MISSED


def due(reason: Reason, at: datetime, deadlines: Deadlines) -> datetime:
    """Until when the citizen has to be rung."""
    return at + (deadlines.message if reason is Reason.MESSAGE else deadlines.soon)


@dataclass(frozen=True)
class Owed:
    """What one number is owed, from one call or from several."""

    reasons: tuple[str, ...]
    calls: tuple[str, ...]
    priority: int
    keeps_place: bool
    queued_at: datetime
    due_at: datetime


def owed(call: Ended, reason: Reason, deadlines: Deadlines) -> Owed:
    """What this one call leaves."""
    return Owed(
        reasons=(reason.value,), calls=(call.call_id,), priority=call.priority,
        keeps_place=reason is Reason.CALL_BACK, queued_at=call.queued_at or call.started_at,
        due_at=due(reason, call.at, deadlines),
    )  # fmt: skip


def merged(before: Owed, more: Owed) -> Owed:
    """Two of one number are one: the earlier deadline and place, the higher priority."""
    return Owed(
        reasons=before.reasons + tuple(r for r in more.reasons if r not in before.reasons),
        calls=before.calls + tuple(c for c in more.calls if c not in before.calls),
        priority=max(before.priority, more.priority),
        keeps_place=before.keeps_place or more.keeps_place,
        queued_at=min(before.queued_at, more.queued_at),
        due_at=min(before.due_at, more.due_at),
    )


def closed_by_getting_through(reasons: tuple[str, ...]) -> bool:
    """Who calls again and is spoken with is owed nothing more, unless a message waits."""
    return Reason.MESSAGE.value not in reasons
