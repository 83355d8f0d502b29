"""Room casework/tickets: a ticket's life, decided without I/O.

open ─dispatch→ dispatched ─sign→ signed ─resolve→ resolved ─call back→ closed | reopened
  ↑________________return___________|

The clock runs until the citizen says that the problem is solved.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from casework.tickets.workdays import end_of_workday


class Status(StrEnum):
    OPEN = "open"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


class Step(StrEnum):
    DISPATCH = "dispatch"
    SIGN = "sign"
    RETURN = "return"
    RESOLVE = "resolve"
    CALL_BACK = "call_back"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Terms:
    """Work days for each step; what is urgent is resolved within hours, whatever the day."""

    dispatch_days: int = 1
    sign_days: int = 1
    resolve_days: int = 5
    soon_resolve_days: int = 2
    urgent_resolve_hours: int = 24
    call_back_days: int = 3


MOVES: dict[tuple[Status, Step], Status] = {
    (Status.OPEN, Step.DISPATCH): Status.DISPATCHED,
    (Status.OPEN, Step.RESOLVE): Status.RESOLVED,  # answered at once, no unit needed
    (Status.REOPENED, Step.DISPATCH): Status.DISPATCHED,
    (Status.REOPENED, Step.RESOLVE): Status.RESOLVED,
    (Status.DISPATCHED, Step.SIGN): Status.SIGNED,
    (Status.DISPATCHED, Step.RETURN): Status.OPEN,
    (Status.SIGNED, Step.RETURN): Status.OPEN,
    (Status.SIGNED, Step.RESOLVE): Status.RESOLVED,
    (Status.RESOLVED, Step.CALL_BACK): Status.CLOSED,
    (Status.CLOSED, Step.REOPEN): Status.REOPENED,
}


def after(status: Status, step: Step, solved: bool | None = None) -> Status | None:
    """The status this step leads to; None where it cannot be taken now."""
    if (status, step) == (Status.RESOLVED, Step.CALL_BACK) and not solved:
        return Status.REOPENED
    return MOVES.get((status, step))


def due(status: Status, urgency: str, moment: datetime, terms: Terms) -> datetime | None:
    """By when the next step has to be taken; None where nothing is owed any more."""
    if status is Status.CLOSED:
        return None
    if urgency == "urgent" and status is not Status.RESOLVED:
        return moment + timedelta(hours=terms.urgent_resolve_hours)
    resolve_days = terms.soon_resolve_days if urgency == "soon" else terms.resolve_days
    days = {
        Status.OPEN: terms.dispatch_days,
        Status.REOPENED: terms.dispatch_days,
        Status.DISPATCHED: terms.sign_days,
        Status.SIGNED: resolve_days,
        Status.RESOLVED: terms.call_back_days,
    }
    return end_of_workday(moment, days[status])
