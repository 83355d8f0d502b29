"""Room casework/ringback: what happens to a ring-back."""

from typing import ClassVar

from store.facts import Fact


class RingbackOwed(Fact):
    """Nobody spoke with the citizen of this call. `merged`: their number was owed one already."""

    kind: ClassVar[str] = "ringback_owed"
    ringback_id: str
    reason: str
    merged: bool
    possible: bool


class RingbackTried(Fact):
    """Rung in vain; still owed, by the same time."""

    kind: ClassVar[str] = "ringback_tried"
    ringback_id: str
    tries: int


class RingbackClosed(Fact):
    """`how`: rung_back, or called_again where the citizen got through by themselves."""

    kind: ClassVar[str] = "ringback_closed"
    ringback_id: str
    how: str


class RingbackOverdue(Fact):
    """The deadline is past and nobody has spoken with them: an alarm, told once."""

    kind: ClassVar[str] = "ringback_overdue"
    ringback_id: str
    reason: str
