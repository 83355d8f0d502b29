"""Room telephony/queueing: whose turn is it: the first who waits, or one who hung up to be rung?

No I/O. Asterisk's queue knows only those on the line; this stands those beside them who kept
their place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telephony import dialplan
from telephony.ami.messages import RawEvent

_NOT_IN_USE = "1"
# Asterisk leaves an operator alone for the after-call time, and never for less than this: within
# the last of it those who kept their place are rung, before the queue can be.
HEAD_START = timedelta(seconds=2)


@dataclass(frozen=True)
class KeptPlace:
    """A citizen who hung up to be rung back."""

    ringback_id: str
    number: str
    queued_at: datetime
    priority: int


@dataclass(frozen=True)
class Head:
    """Who is first in the queue."""

    since: datetime
    priority: int


def free_phones(rows: Iterable[RawEvent], now: datetime) -> list[str]:
    """Extensions that wait for a call in the common queue, longest free first."""
    free = [
        (int(row.get("LastCall") or 0), row.get("Location").removeprefix("PJSIP/"))
        for row in rows
        if row.name == "QueueMember" and row.get("Queue") == dialplan.QUEUE
        if row.get("Status") == _NOT_IN_USE and row.get("Paused") != "1"
        if row.get("InCall") != "1" and _has_rested(row, now)
    ]
    return [extension for _, extension in sorted(free)]


def _has_rested(row: RawEvent, now: datetime) -> bool:
    last, rest = int(row.get("LastCall") or 0), int(row.get("Wrapuptime") or 0)
    return not rest or now.timestamp() + HEAD_START.total_seconds() >= last + rest


def head_of(rows: Iterable[RawEvent], now: datetime) -> Head | None:
    """The first in the common queue, as Asterisk lists it."""
    entries = [
        (int(row.get("Position") or 0), row)
        for row in rows
        if row.name == "QueueEntry" and row.get("Queue") == dialplan.QUEUE
    ]
    if not entries:
        return None
    _, first = min(entries, key=lambda entry: entry[0])
    waited = timedelta(seconds=int(first.get("Wait") or 0))
    return Head(now - waited, int(first.get("Priority") or 0))


def next_offer(
    kept: Sequence[KeptPlace], head: Head | None, phones: Sequence[str]
) -> tuple[KeptPlace, str] | None:
    """Who is to be rung now, and which phone; None while it is the queue's turn."""
    if not kept or not phones:
        return None
    first = min(kept, key=lambda place: (-place.priority, place.queued_at))
    if head is not None and (-head.priority, head.since) < (-first.priority, first.queued_at):
        return None
    return first, phones[0]
