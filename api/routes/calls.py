"""Room api: calls, their parties, and what can be asked of them while they live."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query
from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Who
from api.parts import ApiParts, Asking, Parts, Reading
from api.permissions import Role
from api.problems import Problem
from api.visible import citizen_name, citizen_number, leg_number, sees_leg
from store import journal
from store.base import new_id, now
from telephony import commands as c
from telephony.bridge.refusals import WORDS, Refusal
from telephony.roles import Mode
from telephony.tables import Command, Connect, Leg, Operator, PhoneCall

router = APIRouter(tags=["calls"])

CALL_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
CallId = Annotated[str, Path(pattern=CALL_ID)]
OtherId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=120, description="same key: the same command"),
]

# What a person writes: no control characters (PostgreSQL takes no NUL), no blanks around.
Words = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f]*$")]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PartyView(_View):
    """One person's leg."""

    leg_id: str
    role: str
    number: str | None
    person_id: str | None
    request_id: str | None
    place: str
    muted: bool
    mode: str | None
    started_at: AwareDatetime
    answered_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    cause: int | None


class ConnectView(_View):
    """One unit asked into the call."""

    request_id: str
    unit_id: str
    role: str
    topic: str
    state: str
    how: str | None
    asked_at: AwareDatetime
    joined_at: AwareDatetime | None
    rungs: list[dict[str, Any]]
    handover: bool = False
    joined_unit: str | None = None


class CallView(_View):
    call_id: str
    node: str
    caller_number: str | None
    caller_name: str | None
    started_at: AwareDatetime
    answered_at: AwareDatetime | None
    operator_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    stage: str
    left_message: bool
    line_broke: bool
    direction: str
    queued_at: AwareDatetime | None
    priority: int
    turned_away: bool
    talked_at: AwareDatetime | None


class CallDetail(CallView):
    parties: list[PartyView]
    connects: list[ConnectView]


class CallPage(BaseModel):
    """`next`: give it as `after` to get the page behind this one; null on the last."""

    calls: list[CallView]
    next: str | None


class FactView(BaseModel):
    number: int
    kind: str
    at: AwareDatetime
    data: dict[str, Any]


class CommandView(_View):
    """asked → doing → done | refused(reason) | unknown."""

    command_id: str
    call_id: str | None
    kind: str
    state: str
    reason: str | None
    asked_at: AwareDatetime
    reason_text: str | None = None


@router.get("/calls", name="list_calls")
async def list_calls(
    who: Asking, session: Reading,
    stage: Annotated[Literal["live", "ended"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=CALL_ID)] = None,
) -> CallPage:  # fmt: skip
    """Newest first."""
    order = tuple_(PhoneCall.started_at, PhoneCall.call_id)
    query = select(PhoneCall).order_by(PhoneCall.started_at.desc(), PhoneCall.call_id.desc())
    if stage is not None:
        query = query.where(PhoneCall.stage == stage)
    if after is not None:
        last = await found_call(session, after)
        query = query.where(order < tuple_(last.started_at, last.call_id))
    rows = list(await session.scalars(query.limit(limit + 1)))
    more = rows[limit - 1].call_id if len(rows) > limit else None
    return CallPage(calls=[call_view(row, who) for row in rows[:limit]], next=more)


def call_view(call: PhoneCall, who: Who) -> CallView:
    """A call as this person may see it."""
    view = CallView.model_validate(call)
    view.caller_number = citizen_number(who.role, view.caller_number)
    view.caller_name = citizen_name(who.role, view.caller_name)
    return view


@router.get("/calls/{call_id}", name="get_call")
async def get_call(who: Asking, session: Reading, call_id: CallId) -> CallDetail:
    """One call with everybody in it."""
    call = await found_call(session, call_id)
    connects = await session.scalars(
        select(Connect).where(Connect.call_id == call_id).order_by(Connect.asked_at)
    )
    return CallDetail(
        **call_view(call, who).model_dump(),
        parties=await _parties(session, call_id, who),
        connects=[ConnectView.model_validate(row) for row in connects],
    )


@router.get("/calls/{call_id}/parties", name="get_parties")
async def get_parties(who: Asking, session: Reading, call_id: CallId) -> list[PartyView]:
    """Every leg the call has or had."""
    await found_call(session, call_id)
    return await _parties(session, call_id, who)


@router.get("/calls/{call_id}/facts", name="get_call_facts")
async def get_call_facts(
    who: Asking, session: Reading, call_id: CallId,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=2000)] = 2000,
) -> list[FactView]:  # fmt: skip
    """Everything that happened to the call, in order."""
    await found_call(session, call_id)
    rows = await journal.after(session, after, limit, call_id=call_id)
    return [FactView(number=r.number, kind=r.kind, at=r.at, data=r.data) for r in rows]


async def found_call(session: AsyncSession, call_id: str) -> PhoneCall:
    """The call, or 404."""
    call = await session.get(PhoneCall, call_id)
    if call is None:
        raise Problem(404, WORDS[Refusal.UNKNOWN_CALL], call_id)
    return call


async def _parties(session: AsyncSession, call_id: str, who: Who) -> list[PartyView]:
    legs = await session.scalars(
        select(Leg).where(Leg.call_id == call_id).order_by(Leg.started_at, Leg.leg_id)
    )
    return [_party(leg, who) for leg in legs if sees_leg(who.role, leg.role, leg.mode)]


def _party(leg: Leg, who: Who) -> PartyView:
    view = PartyView.model_validate(leg)
    view.number = leg_number(who.role, leg.role, leg.number)
    return view


# -- commands ---------------------------------------------------------------------------------


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


@router.get("/commands/{command_id}", name="get_command")
async def get_command(who: Asking, session: Reading, command_id: OtherId) -> CommandView:
    """How it went."""
    row = await session.get(Command, command_id)
    if row is None:
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
    at_desk = await session.get(Operator, who.username)
    desk = at_desk.extension if at_desk and at_desk.state != "out" else None
    mine = {x for x in (who.extension, desk) if x}
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
