"""Room telephony: the commands a controller understands, as typed bodies of `Command` rows."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from telephony.roles import Mode

Id = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9_.@/-]+$")]
Extension = Annotated[str, Field(pattern=r"^[0-9]{2,8}$")]
Skill = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,15}$")]


# Each has a prompt `topic_…` that the newcomer hears.
Topic = Literal["general", "market", "epidemic", "petition", "construction", "emergency"]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ConnectUnit(_Body):
    """Ring a unit's ladder and join who presses 1."""

    kind: Literal["connect"] = "connect"
    unit_id: Id
    topic: Topic = "general"


class Handover(_Body):
    """Ring a unit's ladder; once somebody has joined, the operator leaves."""

    kind: Literal["handover"] = "handover"
    unit_id: Id
    topic: Topic = "general"


class CancelConnect(_Body):
    kind: Literal["cancel_connect"] = "cancel_connect"
    request_id: Id


class MuteParty(_Body):
    kind: Literal["mute"] = "mute"
    leg_id: Id
    muted: bool = True


class PutAside(_Body):
    """Into waiting music, or (`back`) into the room again."""

    kind: Literal["aside"] = "aside"
    leg_id: Id
    back: bool = False


class RemoveParty(_Body):
    kind: Literal["remove"] = "remove"
    leg_id: Id


class ListenIn(_Body):
    """Ring a supervisor's phone into a call, or switch the mode of one already there."""

    kind: Literal["listen"] = "listen"
    mode: Mode
    reason: Annotated[str, Field(min_length=2, max_length=200)]
    extension: Extension


class SignIn(_Body):
    kind: Literal["sign_in"] = "sign_in"
    operator_id: Id
    extension: Extension
    skills: list[Skill] = []


class SignOut(_Body):
    """Out of all queues; the call going on stays."""

    kind: Literal["sign_out"] = "sign_out"
    operator_id: Id
    extension: Extension


class Pause(_Body):
    """Out of the queue for a while; an empty reason makes ready again."""

    kind: Literal["pause"] = "pause"
    operator_id: Id
    extension: Extension
    reason: Annotated[str, Field(max_length=80)] = ""


class Ready(_Body):
    """Done with the last call's notes: free before the after-call time is over."""

    kind: Literal["ready"] = "ready"
    operator_id: Id
    extension: Extension


class SetSkills(_Body):
    """What an operator is asked for from now on; `guide` waits behind the others."""

    kind: Literal["set_skills"] = "set_skills"
    operator_id: Id
    extension: Extension
    skills: list[Skill]


class RingBack(_Body):
    """Ring this phone, then this citizen."""

    kind: Literal["ring_back"] = "ring_back"
    number: Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")]
    extension: Extension


Body = Annotated[
    ConnectUnit
    | Handover
    | CancelConnect
    | MuteParty
    | PutAside
    | RemoveParty
    | ListenIn
    | SignIn
    | SignOut
    | Pause
    | Ready
    | SetSkills
    | RingBack,
    Field(discriminator="kind"),
]
_BODY: TypeAdapter[Body] = TypeAdapter(Body)


def read_body(body: dict[str, Any]) -> Body:
    """The typed command of a row; pydantic's ValidationError names a bad field."""
    return _BODY.validate_python(body)
