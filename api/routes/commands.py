"""Room api: commands are rows; the controller of the call's node carries them out."""

from typing import Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Who
from api.parts import ApiParts, Asking, Reading
from api.permissions import Role
from api.problems import Problem
from api.routes.calls import found_call
from api.routes.params import OtherId
from api.routes.phones import phones_of
from api.visible import is_hidden_command
from store.base import new_id, now
from telephony.bridge.refusals import WORDS, Refusal
from telephony.tables import Command, Leg

router = APIRouter(tags=["calls"])


class CommandView(BaseModel):
    """asked → doing → done | refused(reason) | unknown."""

    model_config = ConfigDict(from_attributes=True)

    command_id: str
    call_id: str | None
    kind: str
    state: str
    reason: str | None
    asked_at: AwareDatetime
    reason_text: str | None = None


@router.get("/commands/{command_id}", name="get_command")
async def get_command(who: Asking, session: Reading, command_id: OtherId) -> CommandView:
    """How it went."""
    row = await session.get(Command, command_id)
    if row is None or is_hidden_command(who.role, row.kind):
        raise Problem(404, "没有这个指令 / no such command", command_id)
    return _view(row)


async def command(
    parts: ApiParts, who: Who, call_id: str | None, body: BaseModel, key: str | None
) -> CommandView:
    """Write the command once for this person's key; the node's controller carries it out."""
    content = body.model_dump(mode="json")
    key = key or new_id()
    try:
        async with parts.database.transaction() as session:
            row = await _command_of(session, who, key)
            if row is None:
                row = await _write(session, parts, who, call_id, content, key)
    except IntegrityError:  # the same key at the same moment: the other one was first
        async with parts.database.reading() as session:
            row = await _command_of(session, who, key)
    if row is None or row.body != content or row.call_id != call_id:
        raise Problem(409, "同一 Idempotency-Key 的内容不同 / key was used for another command")
    parts.nudge()
    return _view(row)


async def _command_of(session: AsyncSession, who: Who, key: str) -> Command | None:
    return await session.scalar(
        select(Command).where(Command.asked_by == who.user_id, Command.idempotency_key == key)
    )


async def _write(
    session: AsyncSession, parts: ApiParts, who: Who, call_id: str | None,
    content: dict[str, Any], key: str,
) -> Command:  # fmt: skip
    node = parts.node
    if call_id is not None:
        call = await found_call(session, call_id)
        if call.stage != "live":
            raise Problem(409, WORDS[Refusal.CALL_OVER], call_id, reason=Refusal.CALL_OVER.value)
        await _only_their_own(session, who, call_id)
        node = call.node
    row = Command(
        command_id=new_id(), idempotency_key=key, node=node, call_id=call_id,
        kind=content["kind"], body=content, asked_by=who.user_id, asked_at=now(), state="asked",
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row


async def _only_their_own(session: AsyncSession, who: Who, call_id: str) -> None:
    """Who answers calls commands those they are in; supervisors command any."""
    if who.role not in (Role.OPERATOR, Role.LEADER):
        return
    mine = await phones_of(session, who)
    phones = await session.execute(
        select(Leg.number, Leg.person_id).where(
            Leg.call_id == call_id, Leg.ended_at.is_(None), Leg.role.in_(("operator", "leader"))
        )
    )
    if not any(mine & {number, person_id} for number, person_id in phones):
        reason = Refusal.NOT_YOUR_CALL
        raise Problem(403, WORDS[reason], call_id, reason=reason.value)


def _view(row: Command) -> CommandView:
    view = CommandView.model_validate(row)
    if row.reason in set(Refusal):
        view.reason_text = WORDS[Refusal(str(row.reason))]
    return view
