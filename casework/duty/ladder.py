"""Room casework/duty: who of a unit is rung now, in order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.duty.tables import Shift, Unit
from casework.duty.times import Dated, Time, Weekly


class UnknownUnit(LookupError):
    """No unit of this id."""


@dataclass(frozen=True)
class DutyPerson:
    """Somebody on duty. `rung`: 0 primary, 1 deputy, 2 duty leader."""

    person_id: str
    person_name: str
    number: str
    rung: int
    ring_seconds: int
    unit_id: str


async def find_unit(session: AsyncSession, name: str) -> Unit:
    """By its id, or by the key a console shows for it: `110`. `UnknownUnit`."""
    unit = await session.scalar(select(Unit).where((Unit.unit_id == name) | (Unit.key == name)))
    if unit is None:
        raise UnknownUnit(name)
    return unit


async def with_fallbacks(session: AsyncSession, unit: Unit, at: datetime) -> list[DutyPerson]:
    """The unit's ladder, then that of whoever stands in for it, and so on; each person once."""
    persons = dict[str, DutyPerson]()
    seen = set[str]()
    following: Unit | None = unit
    while following is not None and following.unit_id not in seen:
        seen.add(following.unit_id)
        for person in await ladder(session, following.unit_id, at):
            persons.setdefault(person.person_id, person)
        next_one = following.fallback
        following = await session.get(Unit, next_one) if next_one else None
    return list(persons.values())


async def unit_kind(session: AsyncSession, unit_id: str) -> str:
    """unit | petition | emergency | leader; `UnknownUnit`."""
    unit = await session.get(Unit, unit_id)
    if unit is None:
        raise UnknownUnit(unit_id)
    return unit.kind


async def ladder(session: AsyncSession, unit_id: str, at: datetime) -> list[DutyPerson]:
    """Primary, deputy, duty leader on duty at this moment; each person once. `UnknownUnit`."""
    await unit_kind(session, unit_id)
    shifts = await session.scalars(select(Shift).where(Shift.unit_id == unit_id))
    return climb([shift for shift in shifts if time_of(shift).is_on(at)])


def climb(on_duty: Iterable[Shift]) -> list[DutyPerson]:
    """One shift a rung, one rung a person, the lowest first."""
    rungs = dict[int, Shift]()
    for shift in on_duty:
        # A dated shift stands in for the weekly one: who is on leave is not rung.
        if shift.rung not in rungs or shift.starts_at is not None:
            rungs[shift.rung] = shift
    persons = dict[str, DutyPerson]()
    for rung in sorted(rungs):
        persons.setdefault(rungs[rung].person_id, _person(rungs[rung]))
    return list(persons.values())


def _person(shift: Shift) -> DutyPerson:
    return DutyPerson(
        shift.person_id, shift.person_name, shift.number, shift.rung, shift.ring_seconds,
        shift.unit_id,
    )  # fmt: skip


def time_of(shift: Shift) -> Time:
    """When this shift is on."""
    if shift.starts_at is not None and shift.ends_at is not None:
        return Dated(shift.starts_at, shift.ends_at)
    days = frozenset(int(day) for day in shift.weekdays)
    return Weekly(days, shift.from_minute, shift.to_minute)
