"""Room api: operators at their desks."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.accounts import Who
from api.parts import Asking, Parts, Reading
from api.problems import Problem
from api.routes.calls import CommandView, Key, Words, command
from telephony import commands as c
from telephony.tables import Operator

router = APIRouter(tags=["operators"])


class OperatorView(BaseModel):
    """`state`: out | ready | paused."""

    model_config = ConfigDict(from_attributes=True)

    operator_id: str
    extension: str
    state: str
    pause_reason: str | None
    since: AwareDatetime


class DeskBody(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"extension": "1001"}})

    extension: c.Extension | None = None


class PauseBody(DeskBody):
    """An empty reason makes ready again."""

    reason: Annotated[Words, Field(max_length=80)] = ""


@router.get("/operators", name="list_operators")
async def list_operators(who: Asking, session: Reading) -> list[OperatorView]:
    """Everybody who has ever signed in, with their state."""
    rows = await session.scalars(select(Operator).order_by(Operator.operator_id))
    return [OperatorView.model_validate(row) for row in rows]


@router.post("/operators/me/sign-in", name="operator_sign_in", status_code=202)
async def sign_in(who: Asking, parts: Parts, body: DeskBody, key: Key = None) -> CommandView:
    """From now on calls are offered to this desk phone."""
    order = c.SignIn(operator_id=who.username, extension=_extension(who, body))
    return await command(parts, who, None, order, key)


@router.post("/operators/me/sign-out", name="operator_sign_out", status_code=202)
async def sign_out(who: Asking, parts: Parts, body: DeskBody, key: Key = None) -> CommandView:
    """No more calls; the one going on stays."""
    order = c.SignOut(operator_id=who.username, extension=_extension(who, body))
    return await command(parts, who, None, order, key)


@router.post("/operators/me/pause", name="operator_pause", status_code=202)
async def pause(who: Asking, parts: Parts, body: PauseBody, key: Key = None) -> CommandView:
    """No calls for a while, and why."""
    order = c.Pause(operator_id=who.username, extension=_extension(who, body), reason=body.reason)
    return await command(parts, who, None, order, key)


def _extension(who: Who, body: DeskBody) -> str:
    extension = body.extension or who.extension
    if extension is None:
        raise Problem(422, "没有可用的分机 / no extension", "extension")
    return extension
