"""Room api: tickets, units, the roster."""

import asyncio
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.accounts import Who
from api.parts import Asking, Parts, Reading
from api.problems import Problem
from api.routes.calls import CALL_ID, CallId, Words, found_call
from api.routes.recordings import write_down
from api.visible import citizen_number, staff_number
from casework.duty.ladder import UnknownUnit, ladder
from casework.duty.roster import RosterWrong, import_roster, read_roster
from casework.duty.tables import Unit
from casework.tickets.open import add_matter
from casework.tickets.tables import Ticket
from store.base import now

router = APIRouter(tags=["casework"])
NUMBER = r"^PT[0-9]{8}-[0-9]{6}$"


class TicketView(BaseModel):
    """One matter of one call."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    call_id: str
    matter: int
    kind: str
    status: str
    opened_at: AwareDatetime
    called_at: AwareDatetime
    caller_number: str | None
    title: str
    who_spoke: list[str]
    units: list[str]
    transcript_state: str
    transcript_note: str
    recording_sha256: str | None
    has_gap: bool
    line_broke: bool
    links: dict[str, Any]


class TicketDetail(TicketView):
    """With what was said."""

    body: str


class TicketPage(BaseModel):
    """`next`: give it as `after` to get the page behind this one; null on the last."""

    tickets: list[TicketView]
    next: str | None


View = TypeVar("View", bound=TicketView)


class MatterBody(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"title": "另反映路灯不亮"}})

    title: Annotated[Words, Field(min_length=2, max_length=200)]


class UnitView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    unit_id: str
    name: str
    kind: str


class DutyView(BaseModel):
    """Somebody on duty; the number is masked for most."""

    person_id: str
    person_name: str
    number: str
    rung: int
    ring_seconds: int


class RosterView(BaseModel):
    units: int
    shifts: int


@router.get("/tickets", name="list_tickets")
async def list_tickets(
    who: Asking, session: Reading, call_id: Annotated[str | None, Query(pattern=CALL_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=NUMBER)] = None,
) -> TicketPage:  # fmt: skip
    """Newest first."""
    query = select(Ticket).order_by(Ticket.number.desc())
    if call_id is not None:
        query = query.where(Ticket.call_id == call_id)
    if after is not None:
        query = query.where(Ticket.number < after)
    rows = list(await session.scalars(query.limit(limit + 1)))
    more = rows[limit - 1].number if len(rows) > limit else None
    return TicketPage(tickets=[_seen(TicketView, row, who) for row in rows[:limit]], next=more)


@router.get("/tickets/{number}", name="get_ticket")
async def get_ticket(
    who: Asking, parts: Parts, number: Annotated[str, Path(pattern=NUMBER)]
) -> TicketDetail:
    """One ticket with the words of the call: reading them is written down first."""
    async with parts.database.transaction() as session:
        row = await session.scalar(select(Ticket).where(Ticket.number == number))
        if row is None:
            raise Problem(404, "没有这张工单 / no such ticket", number)
        if row.body:
            await write_down(session, row.call_id, who.user_id, "ticket")
    return _seen(TicketDetail, row, who)


def _seen(view: type[View], row: Ticket, who: Who) -> View:
    """A ticket as this person may see it."""
    seen = view.model_validate(row)
    seen.caller_number = citizen_number(who.role, seen.caller_number)
    return seen


@router.post("/calls/{call_id}/tickets", name="add_matter", status_code=201)
async def post_matter(who: Asking, parts: Parts, call_id: CallId, body: MatterBody) -> TicketView:
    """One more matter of a call whose first one is open."""
    async with parts.database.transaction() as session:
        await found_call(session, call_id)
        try:
            row = await add_matter(session, call_id, body.title, who.user_id)
        except LookupError:
            raise Problem(409, "该通话尚无工单 / the call has no ticket yet", call_id) from None
    return _seen(TicketView, row, who)


@router.get("/units", name="list_units")
async def list_units(who: Asking, session: Reading) -> list[UnitView]:
    """Everybody who can be connected."""
    rows = await session.scalars(select(Unit).order_by(Unit.unit_id))
    return [UnitView.model_validate(row) for row in rows]


@router.get("/units/{unit_id}/ladder", name="get_ladder")
async def get_ladder(
    who: Asking, session: Reading,
    unit_id: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,39}$")],
    at: AwareDatetime | None = None,
) -> list[DutyView]:  # fmt: skip
    """Who would be rung now (or at `at`), in order."""
    try:
        persons = await ladder(session, unit_id, at or now())
    except UnknownUnit:
        raise Problem(404, "没有这个承办单位 / no such unit", unit_id) from None
    return [
        DutyView(
            person_id=p.person_id, person_name=p.person_name, rung=p.rung,
            number=staff_number(who.role, p.number),
            ring_seconds=p.ring_seconds,
        )
        for p in persons
    ]  # fmt: skip


@router.put("/roster", name="put_roster")
async def put_roster(
    who: Asking, parts: Parts,
    text: Annotated[str, Body(media_type="application/yaml", max_length=1_000_000)],
) -> RosterView:  # fmt: skip
    """Replace the roster; 422 names every row that is wrong, and nothing is changed."""
    try:
        roster = await asyncio.to_thread(read_roster, text)
    except RosterWrong as wrong:
        problems = [{"row": p.row, "field": p.field, "text": p.text} for p in wrong.problems]
        raise Problem(422, "值班表有误 / roster refused", "errors", errors=problems) from None
    except (ValueError, RecursionError):  # dates that are none, lists in lists without end
        raise Problem(422, "值班表有误 / roster refused", "不是有效的 YAML / not YAML") from None
    async with parts.database.transaction() as session:
        fact = await import_roster(session, roster, who.user_id)
    return RosterView(units=fact.units, shifts=fact.shifts)
