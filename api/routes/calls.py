"""Room api: calls and everybody in them, as each role may see them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Who
from api.parts import Asking, Reading
from api.problems import Problem
from api.routes.params import CALL_ID, CallId
from api.visible import (
    citizen_name,
    citizen_number,
    fact_for,
    hears_fact,
    leg_number,
    sees_leg,
)
from store import journal
from telephony.bridge.refusals import WORDS, Refusal
from telephony.tables import Connect, Leg, PhoneCall

router = APIRouter(tags=["calls"])


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
    """Everything that happened to the call and is for this role, in order."""
    await found_call(session, call_id)
    rows = await journal.after(session, after, limit, call_id=call_id)
    return [
        FactView(
            number=r.number, kind=r.kind, at=r.at, data=fact_for(who.role, r.kind, r.data)
        )
        for r in rows
        if hears_fact(who.role, r.kind, r.data)
    ]  # fmt: skip


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
