"""Room hotline: what people did from the command line that must be told afterwards."""

from typing import ClassVar

from store.facts import Fact


class NumbersRevealed(Fact):
    """Somebody had a call's whole telephone numbers shown."""

    kind: ClassVar[str] = "numbers_revealed"
    by: str


class WorkOfferedAgain(Fact):
    """Dead work was given another chance."""

    kind: ClassVar[str] = "work_offered_again"
    stage: str
    by: str


class ProjectionRedone(Fact):
    """A fact that could not change its rows has changed them now."""

    kind: ClassVar[str] = "projection_redone"
    kind_of: str
    node: str
    node_number: int
