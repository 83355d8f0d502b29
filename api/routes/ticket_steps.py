"""Room api: the steps of a ticket's life; what may follow what: `casework/tickets/life.py`."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.accounts import Who
from api.parts import ApiParts, Asking, Parts
from api.problems import Problem
from api.routes.params import Key, Words
from api.routes.tickets import (
    NO_TICKET,
    Number,
    UnitId,
    as_seen_by,
    found_ticket,
    is_kept_from,
    key_of,
    key_was_used,
)
from casework.duty.tables import Unit
from casework.tickets.life import Step
from casework.tickets.open import KeyUsed
from casework.tickets.steps import Asked, NotNow, TicketUnknown, take_step, was_taken
from casework.tickets.views import TicketText, text_of

router = APIRouter(tags=["tickets"])
Note = Annotated[Words, Field(min_length=2, max_length=2000)]


class DispatchBody(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"unit_id": "market", "note": ""}})

    unit_id: UnitId
    note: Annotated[Words, Field(max_length=2000)] = ""


class NoteBody(BaseModel):
    """What was done, or why not: the unit's own words."""

    model_config = ConfigDict(json_schema_extra={"example": {"note": "已责令商家整改"}})

    note: Note


class SignBody(BaseModel):
    note: Annotated[Words, Field(max_length=2000)] = ""


class CallBackBody(BaseModel):
    """What the citizen said when asked. Not solved: the ticket is open again."""

    model_config = ConfigDict(json_schema_extra={"example": {"solved": True, "note": ""}})

    solved: bool
    note: Annotated[Words, Field(max_length=2000)] = ""


@router.post("/tickets/{number}/dispatch", name="dispatch_ticket")
async def dispatch(
    who: Asking, parts: Parts, number: Number, body: DispatchBody, key: Key = None
) -> TicketText:
    """Give it to a unit: one of the roster or of the word list."""
    async with parts.database.reading() as session:
        if body.unit_id not in parts.words.units and not await session.get(Unit, body.unit_id):
            raise Problem(404, "没有这个承办单位 / no such unit", body.unit_id)
    asked = Asked(Step.DISPATCH, who.user_id, unit_id=body.unit_id, note=body.note, key=key)
    return await _step(parts, who, number, asked)


@router.post("/tickets/{number}/sign", name="sign_ticket")
async def sign(
    who: Asking, parts: Parts, number: Number, body: SignBody, key: Key = None
) -> TicketText:
    """The unit has it and works on it."""
    return await _step(parts, who, number, Asked(Step.SIGN, who.user_id, note=body.note, key=key))


@router.post("/tickets/{number}/return", name="return_ticket")
async def return_ticket(
    who: Asking, parts: Parts, number: Number, body: NoteBody, key: Key = None
) -> TicketText:
    """Not this unit's business, and why."""
    return await _step(parts, who, number, Asked(Step.RETURN, who.user_id, note=body.note, key=key))


@router.post("/tickets/{number}/resolve", name="resolve_ticket")
async def resolve(
    who: Asking, parts: Parts, number: Number, body: NoteBody, key: Key = None
) -> TicketText:
    """What was done. The clock runs on until the citizen was asked."""
    asked = Asked(Step.RESOLVE, who.user_id, note=body.note, key=key)
    return await _step(parts, who, number, asked)


@router.post("/tickets/{number}/call-back", name="call_back_ticket")
async def call_back(
    who: Asking, parts: Parts, number: Number, body: CallBackBody, key: Key = None
) -> TicketText:
    """The citizen says whether the problem is solved: closed, or open once more."""
    asked = Asked(Step.CALL_BACK, who.user_id, note=body.note, solved=body.solved, key=key)
    return await _step(parts, who, number, asked)


@router.post("/tickets/{number}/reopen", name="reopen_ticket")
async def reopen(
    who: Asking, parts: Parts, number: Number, body: NoteBody, key: Key = None
) -> TicketText:
    """It was closed and the problem is there again."""
    return await _step(parts, who, number, Asked(Step.REOPEN, who.user_id, note=body.note, key=key))


async def _step(parts: ApiParts, who: Who, number: str, asked: Asked) -> TicketText:
    asked = replace(asked, key=key_of(who, asked.key))
    async with parts.database.transaction() as session:
        before = await found_ticket(session, number)
        # Who returned a ticket is kept from it from then on, but hears that it was done.
        if is_kept_from(who, before.unit_id) and not await was_taken(
            session, before.ticket_id, asked.key
        ):
            raise Problem(404, NO_TICKET, number)
        try:
            row = await take_step(session, number, asked, parts.terms)
        except TicketUnknown:
            raise Problem(404, NO_TICKET, number) from None
        except NotNow as wrong:
            raise _not_now(wrong.status) from None
        except KeyUsed:
            raise key_was_used() from None
        text = await text_of(session, row)
        text.body = ""  # the words of the call are read with GET, which is written down
    as_seen_by(text, who)
    return text


def _not_now(status: str) -> Problem:
    return Problem(409, "工单当前状态不能这样处理 / not from this status", status, reason=status)
