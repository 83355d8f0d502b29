"""Room casework/tickets: what happens to tickets."""

from typing import ClassVar

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
