"""Room api: whom we owe a call, and calling them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.parts import Asking, Parts, Reading
from api.problems import Problem
from api.routes.commands import CommandView, command
from api.routes.params import Key
from api.routes.phones import phone_of
from api.visible import citizen_number
from casework.ringback.views import RingbackLine, found_ringback, list_ringbacks
from store.base import now
from telephony import commands as c

router = APIRouter(tags=["ring-backs"])

WHY_NOT = {
    "withheld": "来电人隐藏了号码，无法回拨 / the number was withheld",
    "not_allowed": "该号码不在允许拨打的范围内 / this number may not be dialled",
}


class CallBody(BaseModel):
    """A number, or the ring-back that holds it; your own phone is rung first."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"ringback_id": "3f0d3c5d7a0f4c0e9d0c6a0a4f1b2c3d"}},
    )

    number: Annotated[str | None, Field(pattern=r"^\+?[0-9]{3,15}$")] = None
    ringback_id: Annotated[str | None, Field(pattern=r"^[a-f0-9]{1,40}$")] = None
    extension: c.Extension | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "CallBody":
        if (self.number is None) == (self.ringback_id is None):
            raise ValueError("number or ringback_id, one of the two")
        return self


@router.get("/ringbacks", name="list_ringbacks")
async def ringbacks(
    who: Asking, session: Reading,
    state: Annotated[Literal["open", "closed", "impossible"] | None, Query()] = "open",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[RingbackLine]:  # fmt: skip
    """Whom we owe a call: emergencies first, then who called again, then by deadline."""
    rows = await list_ringbacks(session, state, limit, now())
    for row in rows:
        row.number = citizen_number(who.role, row.number)
    return list(rows)


@router.post("/calls", name="ring_back", status_code=202)
async def ring_back(
    who: Asking, parts: Parts, session: Reading, body: CallBody, key: Key = None
) -> CommandView:
    """Ring your phone, then the citizen, who sees the hotline's number; recorded as any call."""
    number = body.number
    if body.ringback_id is not None:
        row = await found_ringback(session, body.ringback_id)
        if row is None:
            raise Problem(404, "没有这个回拨任务 / no such ring-back", body.ringback_id)
        if row.why_not is not None:
            raise Problem(409, WHY_NOT[row.why_not], body.ringback_id, reason=row.why_not)
        if row.state != "open":
            raise Problem(
                409, "该回拨任务已完成 / already rung back", body.ringback_id, reason="closed"
            )
        number = row.number
    extension = await phone_of(session, who, body.extension)
    order = c.RingBack(number=str(number), extension=extension)
    return await command(parts, who, None, order, key)
