"""Room casework/duty: what happens to rosters."""

from typing import ClassVar

from pydantic import AwareDatetime

from store.facts import Fact


class RosterImported(Fact):
    """The roster was replaced as a whole. `first`, `last`: the period of its dated shifts."""

    kind: ClassVar[str] = "roster_imported"
    by: str
    units: int
    shifts: int
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None
