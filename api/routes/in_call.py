"""Room api: what can be asked of a call while it lives; each answers with a command."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from api.parts import Asking, Parts
from api.problems import Problem
from api.routes.commands import CommandView, command
from api.routes.params import CallId, Key, OtherId, Words
from telephony import commands as c
from telephony.roles import Mode

router = APIRouter(tags=["calls"])


class ConnectBody(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"unit_id": "market", "topic": "market"}}
    )

    # A unit's id, or the key of an emergency centre: 110.
    unit_id: Annotated[c.Id, Field(validation_alias=AliasChoices("unit_id", "unit"))]
    topic: c.Topic = "general"


class MuteBody(BaseModel):
    muted: bool = True


class AsideBody(BaseModel):
    back: bool = False


class ListenBody(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"mode": "listen", "reason": "质检抽查", "extension": "1901"}}
    )

    mode: Mode
    reason: Annotated[Words, Field(min_length=2, max_length=200)]
    extension: c.Extension | None = None


@router.post("/calls/{call_id}/connect", name="connect", status_code=202)
async def connect(
    who: Asking, parts: Parts, call_id: CallId, body: ConnectBody, key: Key = None
) -> CommandView:
    """One key: ring the unit's ladder; who presses 1 joins the call."""
    order = c.ConnectUnit(unit_id=body.unit_id, topic=body.topic)
    return await command(parts, who, call_id, order, key)


@router.post("/calls/{call_id}/handover", name="handover", status_code=202)
async def handover(
    who: Asking, parts: Parts, call_id: CallId, body: ConnectBody, key: Key = None
) -> CommandView:
    """As connect; the operator leaves as soon as somebody of the unit has joined."""
    order = c.Handover(unit_id=body.unit_id, topic=body.topic)
    return await command(parts, who, call_id, order, key)


@router.post(
    "/calls/{call_id}/connects/{request_id}/cancel", name="cancel_connect", status_code=202
)
async def cancel_connect(
    who: Asking, parts: Parts, call_id: CallId, request_id: OtherId, key: Key = None
) -> CommandView:
    """Stop ringing."""
    return await command(parts, who, call_id, c.CancelConnect(request_id=request_id), key)


@router.post("/calls/{call_id}/parties/{leg_id}/mute", name="mute_party", status_code=202)
async def mute_party(
    who: Asking, parts: Parts, call_id: CallId, leg_id: OtherId, body: MuteBody, key: Key = None
) -> CommandView:
    """In a three-way call: nobody hears this party; they go on hearing."""
    return await command(parts, who, call_id, c.MuteParty(leg_id=leg_id, muted=body.muted), key)


@router.post("/calls/{call_id}/parties/{leg_id}/aside", name="put_aside", status_code=202)
async def put_aside(
    who: Asking, parts: Parts, call_id: CallId, leg_id: OtherId, body: AsideBody, key: Key = None
) -> CommandView:
    """Into waiting music, or back."""
    return await command(parts, who, call_id, c.PutAside(leg_id=leg_id, back=body.back), key)


@router.delete("/calls/{call_id}/parties/{leg_id}", name="remove_party", status_code=202)
async def remove_party(
    who: Asking, parts: Parts, call_id: CallId, leg_id: OtherId, key: Key = None
) -> CommandView:
    """Hang up on a helper; never on the citizen."""
    return await command(parts, who, call_id, c.RemoveParty(leg_id=leg_id), key)


@router.post("/calls/{call_id}/listen", name="listen", status_code=202)
async def listen(
    who: Asking, parts: Parts, call_id: CallId, body: ListenBody, key: Key = None
) -> CommandView:
    """Ring the supervisor's own phone into the call, or switch the mode of one that listens."""
    extension = body.extension or who.extension
    if extension is None:
        raise Problem(422, "没有可用的分机 / no extension", "extension")
    order = c.ListenIn(mode=body.mode, reason=body.reason, extension=extension)
    return await command(parts, who, call_id, order, key)
