"""Room telephony/queueing: what can happen to a call while it waits, and to a ring-back."""

from typing import ClassVar

from store.facts import Fact
from telephony.trunks.choosing import NotReached


class CallQueued(Fact):
    """The citizen waits in this queue; the first of these is where their place begins."""

    kind: ClassVar[str] = "call_queued"
    queue: str
    priority: int


class CallBackAsked(Fact):
    """The citizen hung up to be rung back, and keeps their place."""

    kind: ClassVar[str] = "call_back_asked"


class CallTurnedAway(Fact):
    """All lines were busy: one sentence, no queue."""

    kind: ClassVar[str] = "call_turned_away"
    priority: int


class RingBackAsked(Fact):
    """This call rings an operator first, then the citizen (private: nothing; see call_started).

    `offered`: nobody asked; the citizen's place in the queue had come.
    """

    kind: ClassVar[str] = "ring_back_asked"
    leg_id: str
    extension: str
    by: str
    offered: bool = False


class RingBackReady(Fact):
    """The operator has answered and knows that this is a ring-back."""

    kind: ClassVar[str] = "ring_back_ready"
    leg_id: str


class CitizenRung(Fact):
    """Written before the INVITE leaves, so that a citizen is never rung twice for one command.

    `leg_id` is the call's id, but for a second trunk's INVITE; old facts do not tell the two.
    """

    kind: ClassVar[str] = "citizen_rung"
    leg_id: str = ""
    trunk: str = ""


class CitizenNotReached(Fact):
    """The trunk could not carry the ring, and no telephone can have rung: the next may try."""

    kind: ClassVar[str] = "citizen_not_reached"
    leg_id: str
    why: NotReached


class OperatorSkillsSet(Fact):
    """What this operator is asked for besides ordinary calls."""

    kind: ClassVar[str] = "operator_skills_set"
    operator_id: str
    extension: str
    skills: list[str]
    by: str
