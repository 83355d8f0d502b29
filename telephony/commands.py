"""Room telephony: the commands a controller understands, as typed bodies of `Command` rows."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from telephony.roles import Mode

Id = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9_.@/-]+$")]
Extension = Annotated[str, Field(pattern=r"^[0-9]{2,8}$")]


# Each has a prompt `topic_…` that the newcomer hears.
Topic = Literal["general", "market", "epidemic", "petition", "construction"]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ConnectUnit(_Body):
    """Ring a unit's ladder and join who presses 1."""

    kind: Literal["connect"] = "connect"
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


class SignOut(_Body):
    kind: Literal["sign_out"] = "sign_out"
    operator_id: Id
    extension: Extension


class Pause(_Body):
    """Out of the queue for a while; an empty reason makes ready again."""

    kind: Literal["pause"] = "pause"
    operator_id: Id
    extension: Extension
    reason: Annotated[str, Field(max_length=80)] = ""


Body = Annotated[
    ConnectUnit
    | CancelConnect
    | MuteParty
    | PutAside
    | RemoveParty
    | ListenIn
    | SignIn
    | SignOut
    | Pause,
    Field(discriminator="kind"),
]
_BODY: TypeAdapter[Body] = TypeAdapter(Body)


def read_body(body: dict[str, Any]) -> Body:
    """The typed command of a row; pydantic's ValidationError names a bad field."""
    return _BODY.validate_python(body)
