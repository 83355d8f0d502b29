"""Room api: units, who is on duty, the roster."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select

from api.parts import Asking, Parts, Reading
from api.problems import Problem
from api.visible import staff_number
from casework.duty.ladder import UnknownUnit, ladder
from casework.duty.roster import RosterWrong, import_roster, read_roster
from casework.duty.tables import Unit
from store.base import now

router = APIRouter(tags=["casework"])


class UnitView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    unit_id: str
    name: str
    kind: str
    # Of emergency centres: what is pressed for them, who stands in for them.
    key: str | None
    fallback: str | None


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
        problems = [
            {"row": p.row, "line": p.line, "field": p.field, "text": p.text} for p in wrong.problems
        ]
        raise Problem(422, "值班表有误 / roster refused", "errors", errors=problems) from None
    except (ValueError, RecursionError):  # dates that are none, lists in lists without end
        raise Problem(422, "值班表有误 / roster refused", "不是有效的 YAML / not YAML") from None
    async with parts.database.transaction() as session:
        fact = await import_roster(session, roster, who.user_id)
    return RosterView(units=fact.units, shifts=fact.shifts)
