"""Room casework/duty: the roster file, checked row by row, imported as a whole or not at all.

internal_numbers: "6[0-9]{3}"
units:
  - {id: market, name: 市场监管局, kind: unit}
shifts:
  - {unit: market, rung: primary, person: lin, name: 林某, number: 13800000001,
     ring_seconds: 20, every: [mon, tue], from: 08:00, to: 20:00}
  - {unit: market, rung: deputy, person: chen, name: 陈某, number: 6102,
     from: 2026-11-24 20:00, to: 2026-11-25 08:00}

A weekly shift whose end is not after its start goes over midnight (08:00 to 08:00 is a
whole day and night). A dated shift stands in for the weekly one of its rung.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from casework.duty import lines, reading
from casework.duty.facts import RosterImported
from casework.duty.problems import Problem, RosterWrong, WrongField
from casework.duty.sheet import Row, Sheet, read_sheet
from casework.duty.tables import Shift, Unit
from casework.duty.times import Dated, Time, Weekly, overlaps
from store import journal
from store.base import new_id, now

__all__ = ["Problem", "Roster", "RosterWrong", "import_roster", "read_roster"]

UNIT_FIELDS = frozenset({"id", "name", "kind"}) | lines.FIELDS
SHIFT_FIELDS = frozenset(
    {"unit", "rung", "person", "name", "number", "ring_seconds", "every", "from", "to"}
)
# Whoever replaces the roster holds this lock until their transaction ends (PostgreSQL).
_REPLACING = 0x726F7374

T = TypeVar("T")


@dataclass(frozen=True)
class UnitRow:
    unit_id: str
    name: str
    kind: str
    key: str | None = None
    fallback: str | None = None


@dataclass(frozen=True)
class ShiftRow:
    row: Row
    unit_id: str
    rung: int
    person_id: str
    person_name: str
    number: str
    ring_seconds: int
    time: Time


@dataclass
class Roster:
    """A roster that was found to be right."""

    units: list[UnitRow] = field(default_factory=list)
    shifts: list[ShiftRow] = field(default_factory=list)


def read_roster(text: str) -> Roster:
    """The roster in this YAML text; `RosterWrong` names everything that is wrong at once."""
    checking = _Checking(read_sheet(text, UNIT_FIELDS, SHIFT_FIELDS))
    roster = checking.roster()
    if checking.problems:
        raise RosterWrong(checking.problems)
    return roster


class _Checking:
    """Collects what is wrong instead of stopping at it."""

    def __init__(self, sheet: Sheet) -> None:
        self.problems = sheet.problems
        self._sheet = sheet
        self._ids = {row.text("id") for row in sheet.units}
        self._internal: re.Pattern[str] | None = None

    def roster(self) -> Roster:
        self._internal = self._read(self._sheet.head, reading.internal_pattern)
        units = [unit for row in self._sheet.units if (unit := self._unit(row))]
        shifts = [shift for row in self._sheet.shifts if (shift := self._shift(row))]
        shifts += [
            line
            for row in self._sheet.units
            if row.text("line") and (line := self._line(row, units))
        ]
        self._check_unit_ids()
        self._check_keys(units)
        self._check_fallbacks(units)
        self._check_primaries()
        self._check_names()
        self._check_overlaps(shifts)
        return Roster(units, shifts)

    def _unit(self, row: Row) -> UnitRow | None:
        unit_id = self._read(row, lambda row: reading.shaped(row, "id", reading.UNIT_ID))
        name = self._read(row, lambda row: reading.shaped(row, "name", reading.NAME))
        kind = self._read(row, lambda row: reading.chosen(row, "kind", reading.KINDS, "unit"))
        key = self._read(row, lines.key_of)
        if unit_id is None or name is None or kind is None:
            return None
        self._read(row, lambda row: lines.check_kind(row, kind))
        return UnitRow(unit_id, name, kind, key, row.text("fallback") or None)

    def _line(self, row: Row, units: list[UnitRow]) -> ShiftRow | None:
        """A centre's own line, as the primary of its unit."""
        number = self._read(row, lambda row: lines.line_number(row, self._internal))
        seconds = self._read(row, reading.ring_seconds)
        time = self._read(row, lines.line_time)
        unit = next((unit for unit in units if unit.unit_id == row.text("id")), None)
        if number is None or seconds is None or time is None or unit is None:
            return None
        person = f"{unit.unit_id}-line"
        return ShiftRow(row, unit.unit_id, 0, person, unit.name, number, seconds, time)

    def _shift(self, row: Row) -> ShiftRow | None:
        unit = self._read(row, self._unit_of)
        rung = self._read(row, lambda row: reading.chosen(row, "rung", reading.RUNGS))
        person = self._read(row, lambda row: reading.shaped(row, "person", reading.PERSON_ID))
        name = self._read(row, lambda row: reading.shaped(row, "name", reading.NAME))
        number = self._read(row, lambda row: reading.phone_number(row, self._internal))
        seconds = self._read(row, reading.ring_seconds)
        time = self._read(row, reading.time_of_row)
        if unit is None or rung is None or person is None or name is None:
            return None
        if number is None or seconds is None or time is None:
            return None
        return ShiftRow(row, unit, rung, person, name, number, seconds, time)

    def _unit_of(self, row: Row) -> str:
        unit = row.text("unit")
        if not unit or unit not in self._ids:
            raise WrongField("unit", f"没有单位 {unit!r} / unknown unit")
        return unit

    def _check_unit_ids(self) -> None:
        seen = dict[str, Row]()
        for row in self._sheet.units:
            first = seen.setdefault(row.text("id"), row)
            if first is not row and row.text("id"):
                self._note(row, "id", f"与 {first.name} 重复 / the same as {first.name}")

    def _check_primaries(self) -> None:
        primaries = {
            shift.text("unit")
            for shift in self._sheet.shifts
            if reading.RUNGS.get(shift.text("rung")) == 0
        }
        for row in self._sheet.units:
            if row.text("id") not in primaries and not row.text("line"):
                self._note(row, "id", "没有主班 / has no primary")

    def _check_keys(self, units: list[UnitRow]) -> None:
        seen = dict[str, UnitRow]()
        for unit in units:
            if unit.key and seen.setdefault(unit.key, unit) is not unit:
                self._note(
                    self._row_of(unit), "key",
                    f"与 {seen[unit.key].unit_id} 重复 / the same as {seen[unit.key].unit_id}",
                )  # fmt: skip

    def _check_fallbacks(self, units: list[UnitRow]) -> None:
        centres = {unit.unit_id for unit in units if unit.kind == "emergency"}
        for unit in units:
            if unit.fallback and unit.fallback not in centres - {unit.unit_id}:
                self._note(
                    self._row_of(unit), "fallback",
                    "应为另一个 emergency 单位 / another unit of kind emergency",
                )  # fmt: skip

    def _row_of(self, unit: UnitRow) -> Row:
        return next(row for row in self._sheet.units if row.text("id") == unit.unit_id)

    def _check_names(self) -> None:
        # A ladder has each person once: a mistyped id would silently leave somebody out.
        seen = dict[str, Row]()
        for row in self._sheet.shifts:
            first = seen.setdefault(row.text("person"), row)
            if first.text("name") != row.text("name") and row.text("person"):
                self._note(
                    row, "person",
                    f"在 {first.name} 中是另一个姓名 / has another name in {first.name}",
                )  # fmt: skip

    def _check_overlaps(self, shifts: list[ShiftRow]) -> None:
        rungs = defaultdict[tuple[str, int], list[ShiftRow]](list)
        for shift in shifts:
            rungs[shift.unit_id, shift.rung].append(shift)
        for group in rungs.values():
            for later, earlier in overlaps([shift.time for shift in group]):
                other = group[earlier].row
                name = f"{other.name} (第 {other.line} 行 / line {other.line})"
                self._note(group[later].row, "from", f"与 {name} 时间重叠 / overlaps {name}")

    def _read(self, row: Row, read: Callable[[Row], T]) -> T | None:
        value = None
        try:
            value = read(row)
        except* WrongField as group:
            for error in group.exceptions:
                if isinstance(error, WrongField):
                    self._note(row, error.field, str(error))
        return value

    def _note(self, row: Row, name: str, text: str) -> None:
        self.problems.append(row.problem(name, text))


async def import_roster(session: AsyncSession, roster: Roster, by: str) -> RosterImported:
    """Replace the whole roster in this transaction."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _REPLACING})
    await session.execute(delete(Shift))
    await session.execute(delete(Unit))
    session.add_all(
        Unit(
            unit_id=unit.unit_id,
            name=unit.name,
            kind=unit.kind,
            key=unit.key,
            fallback=unit.fallback,
        )
        for unit in roster.units
    )
    await session.flush()
    session.add_all(_stored(shift) for shift in roster.shifts)
    first, last = _period(roster)
    fact = RosterImported(
        at=now(), by=by, units=len(roster.units), shifts=len(roster.shifts), first=first, last=last
    )
    await journal.append(session, fact)
    return fact


def _period(roster: Roster) -> tuple[datetime | None, datetime | None]:
    """From the first to the last moment of the dated shifts; a weekly one never ends."""
    dated = [shift.time for shift in roster.shifts if isinstance(shift.time, Dated)]
    first = min((time.starts_at for time in dated), default=None)
    return first, max((time.ends_at for time in dated), default=None)


def _stored(shift: ShiftRow) -> Shift:
    row = Shift(
        shift_id=new_id(), unit_id=shift.unit_id, rung=shift.rung, person_id=shift.person_id,
        person_name=shift.person_name, number=shift.number, ring_seconds=shift.ring_seconds,
        weekdays="", from_minute=0, to_minute=0,
    )  # fmt: skip
    if isinstance(shift.time, Weekly):
        row.weekdays = "".join(str(day) for day in sorted(shift.time.weekdays))
        row.from_minute, row.to_minute = shift.time.from_minute, shift.time.to_minute
    else:
        row.starts_at, row.ends_at = shift.time.starts_at, shift.time.ends_at
    return row
