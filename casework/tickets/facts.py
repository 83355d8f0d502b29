"""Room casework/tickets: what happens to tickets."""

from typing import ClassVar

from pydantic import AwareDatetime

from store.facts import Fact


class TicketOpened(Fact):
    """A matter has its ticket. `by`: the operator who added it; nobody for the first one."""

    kind: ClassVar[str] = "ticket_opened"
    number: str
    matter: int
    with_transcript: bool
    by: str | None = None


class TranscriptAttached(Fact):
    """The ticket was opened without; here it is."""

    kind: ClassVar[str] = "transcript_attached"
    number: str


class TicketMoved(Fact):
    """One step of a ticket's life, as `casework/tickets/life.py` has them. What was written
    with it stands in the ticket's steps."""

    kind: ClassVar[str] = "ticket_moved"
    number: str
    step: str
    status: str
    unit_id: str | None
    solved: bool | None
    due_at: AwareDatetime | None
    by: str


class TicketOverdue(Fact):
    """The next step was due and nobody took it: an alarm, told once for each due time."""

    kind: ClassVar[str] = "ticket_overdue"
    number: str
    status: str
    unit_id: str | None
