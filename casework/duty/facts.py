"""Room casework/duty: what happens to rosters."""

from typing import ClassVar

from store.facts import Fact


class RosterImported(Fact):
    """The roster was replaced as a whole."""

    kind: ClassVar[str] = "roster_imported"
    by: str
    units: int
    shifts: int
