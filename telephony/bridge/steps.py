"""Room telephony/bridge: what can be done in a call, as a plan says it."""

from dataclasses import dataclass

from telephony.roles import RungOutcome


@dataclass(frozen=True)
class Ring:
    """Ring this rung of the ladder."""

    request_id: str
    rung: int


@dataclass(frozen=True)
class CloseRung:
    """This rung is spent without a leg of its own telling so."""

    request_id: str
    rung: int
    outcome: RungOutcome


@dataclass(frozen=True)
class MoveToRoom:
    """Move these legs, one or two, into the call's room in one action."""

    leg_ids: tuple[str, ...]


@dataclass(frozen=True)
class Joined:
    """Citizen and newcomer are together: the newcomer's waiting limit can be lifted."""

    request_id: str
    rung: int


@dataclass(frozen=True)
class CloseRequest:
    request_id: str
    how: str


@dataclass(frozen=True)
class HangUp:
    leg_id: str


@dataclass(frozen=True)
class PrepareWords:
    """A partner wants to hear what the citizen has said so far."""

    leg_id: str


@dataclass(frozen=True)
class SendHome:
    """The last one in a room hears a goodbye."""

    leg_id: str


@dataclass(frozen=True)
class Apologise:
    """A newcomer whom nobody will join any more hears why, and is let go."""

    leg_id: str


@dataclass(frozen=True)
class BackToQueue:
    """A citizen whom no partner helps any more: a sentence, then first in the queue."""

    leg_id: str


Step = (
    Ring
    | CloseRung
    | MoveToRoom
    | Joined
    | CloseRequest
    | HangUp
    | PrepareWords
    | SendHome
    | Apologise
    | BackToQueue
)
