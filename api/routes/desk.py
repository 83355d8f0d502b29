"""Room api: operators at their desks."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.parts import ApiParts, Asking, Parts, Reading
from api.problems import Problem
from api.routes.commands import CommandView, command
from api.routes.params import Key, OtherId, Words
from api.routes.phones import phone_of, phone_to_sit_at
from api.tables import User
from telephony import commands as c
from telephony.dialplan import GUIDE
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
    skills: list[str]


class DeskBody(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"extension": "1001"}})

    extension: c.Extension | None = None


class PauseBody(DeskBody):
    """An empty reason makes ready again."""

    reason: Annotated[Words, Field(max_length=80)] = ""


class SkillsBody(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"skills": ["petition"]}})

    skills: Annotated[list[c.Skill], Field(max_length=20)]


@router.get("/operators", name="list_operators")
async def list_operators(who: Asking, session: Reading) -> list[OperatorView]:
    """Everybody who has ever signed in, with their state."""
    rows = await session.scalars(select(Operator).order_by(Operator.operator_id))
    return [OperatorView.model_validate(row) for row in rows]


@router.post("/operators/me/sign-in", name="operator_sign_in", status_code=202)
async def sign_in(
    who: Asking, parts: Parts, session: Reading, body: DeskBody, key: Key = None
) -> CommandView:
    """From now on calls are offered to this desk phone, and to no other of this person's."""
    extension = await phone_to_sit_at(session, who, body.extension)
    skills = await _skills(parts, session, who.username)
    order = c.SignIn(operator_id=who.username, extension=extension, skills=skills)
    return await command(parts, who, None, order, key)


@router.post("/operators/me/sign-out", name="operator_sign_out", status_code=202)
async def sign_out(
    who: Asking, parts: Parts, session: Reading, body: DeskBody, key: Key = None
) -> CommandView:
    """No more calls; the one going on stays."""
    extension = await phone_of(session, who, body.extension)
    order = c.SignOut(operator_id=who.username, extension=extension)
    return await command(parts, who, None, order, key)


@router.post("/operators/me/pause", name="operator_pause", status_code=202)
async def pause(
    who: Asking, parts: Parts, session: Reading, body: PauseBody, key: Key = None
) -> CommandView:
    """No calls for a while, and why."""
    _one_of(body.reason, ("", *parts.pause_reasons), "body.reason", "没有这个暂停原因")
    extension = await phone_of(session, who, body.extension)
    order = c.Pause(operator_id=who.username, extension=extension, reason=body.reason)
    return await command(parts, who, None, order, key)


@router.post("/operators/me/ready", name="operator_ready", status_code=202)
async def ready(
    who: Asking, parts: Parts, session: Reading, body: DeskBody, key: Key = None
) -> CommandView:
    """Calls again at once: the notes of the last one are done, or the pause is."""
    extension = await phone_of(session, who, body.extension)
    order = c.Ready(operator_id=who.username, extension=extension)
    return await command(parts, who, None, order, key)


@router.put("/operators/{operator_id}/skills", name="put_skills", status_code=202)
async def put_skills(
    who: Asking, parts: Parts, session: Reading, operator_id: OtherId, body: SkillsBody,
    key: Key = None,
) -> CommandView:  # fmt: skip
    """What this operator is asked for; a guide stands behind all others."""
    for skill in body.skills:
        _one_of(skill, (*parts.skills, GUIDE), "body.skills", "没有这项技能")
    extension = await _extension_of_operator(session, operator_id)
    order = c.SetSkills(operator_id=operator_id, extension=extension, skills=body.skills)
    return await command(parts, who, None, order, key)


def _one_of(value: str, known: tuple[str, ...], field: str, title: str) -> None:
    if value not in known:
        names = [name for name in known if name]
        raise Problem(422, title, field, errors=[{"field": field, "text": "、".join(names)}])


async def _skills(parts: ApiParts, session: AsyncSession, operator_id: str) -> list[str]:
    row = await session.get(Operator, operator_id)
    # A skill that is no longer in the settings has no queue.
    return [s for s in row.skills if s in (*parts.skills, GUIDE)] if row else []


async def _extension_of_operator(session: AsyncSession, operator_id: str) -> str:
    row = await session.get(Operator, operator_id)
    if row is not None:
        return row.extension
    extension = await session.scalar(select(User.extension).where(User.username == operator_id))
    if extension is None:
        raise Problem(404, "没有这个话务员，或尚无分机 / no such operator", operator_id)
    return extension
