"""Room hotline/owed: what the journal says of work that is owed."""

from typing import ClassVar

from store.facts import Fact


class WorkDied(Fact):
    """Tried as often as allowed; a person has to look at it."""

    kind: ClassVar[str] = "work_died"
    stage: str
    attempts: int
    error: str
