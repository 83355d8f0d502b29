"""Room api: tickets: lists, one with its words, what was suggested and what became of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Who
from api.parts import ApiParts, Asking, Parts, Reading
from api.permissions import Role
from api.problems import Problem
from api.routes.calls import found_call
from api.routes.params import CALL_ID, CallId, Key, Words
from api.routes.recordings import write_down
from api.visible import citizen_number
from casework.suggestions.keeping import SuggestionView, answer
from casework.tickets.life import Status
from casework.tickets.open import KeyUsed, add_matter
from casework.tickets.tables import Ticket
from casework.tickets.views import (
    TicketFilter,
    TicketLine,
    TicketText,
    list_tickets,
    ticket_text,
)
from store.base import now

router = APIRouter(tags=["tickets"])
NUMBER = r"^PT[0-9]{8}-[0-9]{6}$"
Number = Annotated[str, Path(pattern=NUMBER)]
UnitId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
FieldName = Literal["category", "district", "unit", "topics", "urgency"]
NO_TICKET = "没有这张工单 / no such ticket"


class TicketPage(BaseModel):
    """`next`: give it as `after` to get the page behind this one; null on the last."""

    tickets: list[TicketLine]
    next: str | None


class MatterBody(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"title": "另反映路灯不亮"}})

    title: Annotated[Words, Field(min_length=2, max_length=200)]


class AnswerBody(BaseModel):
    """`values` is what it is changed to: one, several topics, or none at all."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"answer": "change", "values": ["market"]}}
    )

    answer: Literal["accept", "change"]
    values: Annotated[
        list[Annotated[Words, Field(min_length=1, max_length=60)]], Field(max_length=10)
    ] = []


@router.get("/tickets", name="list_tickets")
async def tickets(
    who: Asking, session: Reading, call_id: Annotated[str | None, Query(pattern=CALL_ID)] = None,
    status: Annotated[Status | None, Query()] = None,
    kind: Annotated[Literal["call", "message", "abandoned"] | None, Query()] = None,
    unit: Annotated[UnitId | None, Query(description="who has it, or else is suggested")] = None,
    urgency: Annotated[Literal["urgent", "soon", "normal"] | None, Query()] = None,
    transcript_state: Annotated[Literal["none", "done"] | None, Query()] = None,
    opened_from: Annotated[AwareDatetime | None, Query()] = None,
    opened_before: Annotated[AwareDatetime | None, Query()] = None,
    overdue: Annotated[bool, Query(description="the next step is past due")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=NUMBER)] = None,
) -> TicketPage:  # fmt: skip
    """Newest first. Liaisons see what their unit has."""
    only = TicketFilter(
        call_id=call_id, status=status.value if status else None, kind=kind, unit=unit,
        urgency=urgency, transcript_state=transcript_state, opened_from=opened_from,
        opened_before=opened_before, overdue_at=now() if overdue else None,
        held_by=_own_unit(who),
    )  # fmt: skip
    page = await list_tickets(session, only, limit, after)
    for line in page.tickets:
        as_seen_by(line, who)
    return TicketPage(tickets=page.tickets, next=page.next_before)


@router.get("/tickets/{number}", name="get_ticket")
async def get_ticket(who: Asking, parts: Parts, number: Number) -> TicketText:
    """One ticket with the words of the call: reading them is written down first."""
    async with parts.database.transaction() as session:
        ticket = await ticket_text(session, number)
        if ticket is None or is_kept_from(who, ticket.unit_id):
            raise Problem(404, NO_TICKET, number)
        if ticket.body:
            await write_down(session, ticket.call_id, who.user_id, "ticket")
    as_seen_by(ticket, who)
    return ticket


@router.post("/calls/{call_id}/tickets", name="add_matter", status_code=201)
async def post_matter(
    who: Asking, parts: Parts, call_id: CallId, body: MatterBody, key: Key = None
) -> TicketLine:
    """One more matter of a call whose first one is open; the same key adds it once."""
    async with parts.database.transaction() as session:
        await found_call(session, call_id)
        try:
            row = await add_matter(
                session, call_id, body.title, who.user_id, parts.terms, key_of(who, key)
            )
        except LookupError:
            raise Problem(409, "该通话尚无工单 / the call has no ticket yet", call_id) from None
        except KeyUsed:
            raise key_was_used() from None
        line = TicketLine.model_validate(row)
    as_seen_by(line, who)
    return line


@router.get("/suggestions/choices", name="suggestion_choices")
async def choices(who: Asking, parts: Parts) -> dict[str, dict[str, str]]:
    """Every value a suggestion may be changed to, and what people call it."""
    return parts.words.choices()


@router.post("/tickets/{number}/suggestions/{field}", name="answer_suggestion")
async def answer_suggestion(
    who: Asking, parts: Parts, number: Number, field: FieldName, body: AnswerBody
) -> SuggestionView:
    """Accept what is suggested, or change it; both are facts with your name."""
    chosen = None if body.answer == "accept" else _chosen(parts, field, body.values)
    async with parts.database.transaction() as session:
        ticket = await found_ticket(session, number)
        try:
            return await answer(session, ticket, field, chosen, who.user_id, parts.terms)
        except LookupError:
            told = "该工单暂无智能建议 / nothing was suggested yet"
            raise Problem(409, told, field) from None


def _chosen(parts: ApiParts, field: str, values: list[str]) -> list[str]:
    known = parts.words.choices()[field]
    wrong = [value for value in values if value not in known]
    several = len(values) > 1 and field != "topics"
    if wrong or several or (field in ("unit", "urgency", "category") and not values):
        text = f"没有这个选项 / no such choice: {'、'.join(wrong)}" if wrong else "应选一项 / one"
        errors = [{"field": "body.values", "text": text}]
        raise Problem(422, "提交的内容有误 / invalid request", "body.values", errors=errors)
    return list(dict.fromkeys(values))


async def found_ticket(session: AsyncSession, number: str) -> Ticket:
    row = await session.scalar(select(Ticket).where(Ticket.number == number))
    if row is None:
        raise Problem(404, NO_TICKET, number)
    return row


def _own_unit(who: Who) -> str | None:
    """Liaisons see their unit's tickets alone; without a unit, none."""
    return (who.unit_id or "-") if who.role is Role.LIAISON else None


def is_kept_from(who: Who, unit_id: str | None) -> bool:
    own = _own_unit(who)
    return own is not None and own != unit_id


def as_seen_by(ticket: TicketLine, who: Who) -> None:
    """As this person may see it."""
    ticket.caller_number = citizen_number(who.role, ticket.caller_number)


def key_of(who: Who, key: str | None) -> str | None:
    """Everybody has keys of their own."""
    return f"{who.user_id}:{key}" if key else None


def key_was_used() -> Problem:
    return Problem(409, "同一 Idempotency-Key 的内容不同 / key was used for another request")
