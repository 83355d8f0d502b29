"""Room casework/duty: the roster file, checked row by row, imported as a whole or not at all.

internal_numbers: "6[0-9]{3}"
units:
  - {id: market, name: 市场监管局, kind: unit}
shifts:
  - {unit: market, rung: primary, person: lin, name: 林某, number: "13800000001",
     ring_seconds: 20, every: [mon, tue], from: "08:00", to: "20:00"}
  - {unit: market, rung: deputy, person: chen, name: 陈某, number: "13800000002",
     from: "2026-11-24 00:00", to: "2026-11-25 00:00"}
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import phonenumbers
import yaml
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from casework.duty.facts import RosterImported
from casework.duty.tables import Shift, Unit
from casework.duty.times import CITY_TIME, Dated, Time, Weekly, overlap
from store import journal
from store.base import new_id, now

RUNGS = ("primary", "deputy", "duty_leader")
KINDS = ("unit", "petition", "emergency")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RING_SECONDS = range(5, 121)
DEFAULT_RING_SECONDS = 20


@dataclass(frozen=True)
class Problem:
    """What is wrong where; `row` is like `shifts[3]`, the first row being 1."""

    row: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.row}.{self.field}: {self.text}" if self.field else f"{self.row}: {self.text}"


class RosterWrong(ValueError):
    """The file was refused; nothing was changed."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class UnitRow:
    unit_id: str
    name: str
    kind: str


@dataclass(frozen=True)
class ShiftRow:
    row: str
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
    """The roster in this YAML text; `RosterWrong` names every bad row at once."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "file"
        raise RosterWrong([Problem(where, "", "不是有效的 YAML / not valid YAML")]) from None
    reader = _Reader()
    roster = reader.read(content)
    if reader.problems:
        raise RosterWrong(reader.problems)
    return roster


class _Reader:
    """Collects what is wrong instead of stopping at it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._internal: re.Pattern[str] | None = None

    def read(self, content: Any) -> Roster:
        roster = Roster()
        if not isinstance(content, dict):
            self._say("file", "", "应为含 units 与 shifts 的表 / units and shifts expected")
            return roster
        self._internal = self._pattern(content.get("internal_numbers"))
        for number, row in enumerate(_rows(content, "units"), 1):
            self._unit(f"units[{number}]", row, roster)
        known = {unit.unit_id for unit in roster.units}
        for number, row in enumerate(_rows(content, "shifts"), 1):
            self._shift(f"shifts[{number}]", row, known, roster)
        if not roster.units:
            self._say("file", "units", "没有任何单位 / no unit at all")
        self._check_overlaps(roster)
        self._check_primaries(roster)
        return roster

    def _say(self, row: str, name: str, text: str) -> None:
        self.problems.append(Problem(row, name, text))

    def _pattern(self, value: Any) -> re.Pattern[str] | None:
        try:
            return re.compile(str(value)) if value else None
        except re.error:
            self._say("file", "internal_numbers", "不是有效的规则 / not a valid pattern")
            return None

    def _unit(self, where: str, row: Any, roster: Roster) -> None:
        if not isinstance(row, dict):
            self._say(where, "", "应为一行字段 / fields expected")
            return
        unit_id = self._text(where, row, "id", r"[a-z][a-z0-9_-]{0,39}")
        name = self._text(where, row, "name", r".{1,100}")
        kind = str(row.get("kind", "unit"))
        if kind not in KINDS:
            self._say(where, "kind", f"应为 {'、'.join(KINDS)} 之一 / one of these")
        if any(unit.unit_id == unit_id for unit in roster.units):
            self._say(where, "id", f"{unit_id} 重复 / twice")
        roster.units.append(UnitRow(unit_id, name, kind))

    def _shift(self, where: str, row: Any, known: set[str], roster: Roster) -> None:
        if not isinstance(row, dict):
            self._say(where, "", "应为一行字段 / fields expected")
            return
        before = len(self.problems)
        unit = str(row.get("unit", ""))
        if unit not in known:
            self._say(where, "unit", f"没有单位 {unit!r} / unknown unit")
        rung = str(row.get("rung", ""))
        if rung not in RUNGS:
            self._say(where, "rung", f"应为 {'、'.join(RUNGS)} 之一 / one of these")
        person = self._text(where, row, "person", r"[A-Za-z0-9_.-]{1,60}")
        name = self._text(where, row, "name", r".{1,100}")
        number = self._number(where, row)
        seconds = row.get("ring_seconds", DEFAULT_RING_SECONDS)
        if not isinstance(seconds, int) or seconds not in RING_SECONDS:
            self._say(where, "ring_seconds", "应为 5 至 120 的整数 / a whole number from 5 to 120")
        time = self._time(where, row)
        if len(self.problems) == before and time is not None:
            roster.shifts.append(
                ShiftRow(where, unit, RUNGS.index(rung), person, name, number, seconds, time)
            )

    def _text(self, where: str, row: dict[str, Any], name: str, pattern: str) -> str:
        value = str(row.get(name, ""))
        if not re.fullmatch(pattern, value):
            self._say(where, name, "缺失或格式不对 / missing or malformed")
        return value

    def _number(self, where: str, row: dict[str, Any]) -> str:
        value = str(row.get("number", "")).strip()
        if self._internal is not None and self._internal.fullmatch(value):
            return value
        try:
            number = phonenumbers.parse(value, "CN")
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            self._say(where, "number", "不是有效的电话号码 / not a valid telephone number")
            return value
        if number.country_code != 86:
            self._say(where, "number", "不是国内号码 / not a number of this country")
        # Dialled as a subscriber here dials it: 0594… or 138…
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        return re.sub(r"\D", "", national)

    def _time(self, where: str, row: dict[str, Any]) -> Time | None:
        return self._weekly(where, row) if "every" in row else self._dated(where, row)

    def _weekly(self, where: str, row: dict[str, Any]) -> Time | None:
        every = row["every"]
        days = list(WEEKDAYS) if every == "day" else every
        if not isinstance(days, list) or not days or any(day not in WEEKDAYS for day in days):
            self._say(where, "every", "应为 day 或 [mon, tue, …] / day or a list of weekdays")
            return None
        start, end = self._minute(where, row, "from"), self._minute(where, row, "to")
        if start is None or end is None:
            return None
        return Weekly(frozenset(WEEKDAYS.index(day) for day in days), start % DAY_MINUTES, end)

    def _minute(self, where: str, row: dict[str, Any], name: str) -> int | None:
        found = re.fullmatch(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", str(row.get(name, "")))
        minutes = int(found[1]) * 60 + int(found[2]) if found else DAY_MINUTES + 1
        if minutes > DAY_MINUTES:
            self._say(where, name, '应为带引号的 "08:00" / a quoted time of day')
            return None
        return minutes

    def _dated(self, where: str, row: dict[str, Any]) -> Time | None:
        moments = []
        for name in ("from", "to"):
            try:
                moment = datetime.fromisoformat(str(row.get(name, "")))
            except ValueError:
                self._say(where, name, "应为 2026-11-24 08:00 / a date and a time")
                continue
            moments.append(moment.replace(tzinfo=moment.tzinfo or CITY_TIME))
        if len(moments) < 2:
            return None
        if moments[1] <= moments[0]:
            self._say(where, "to", "结束早于开始 / ends before it starts")
            return None
        return Dated(moments[0], moments[1])

    def _check_overlaps(self, roster: Roster) -> None:
        for position, one in enumerate(roster.shifts):
            for other in roster.shifts[position + 1 :]:
                same = (one.unit_id, one.rung) == (other.unit_id, other.rung)
                if same and overlap(one.time, other.time):
                    self._say(other.row, "from", f"与 {one.row} 时间重叠 / overlaps {one.row}")

    def _check_primaries(self, roster: Roster) -> None:
        if self.problems:
            return
        with_primary = {shift.unit_id for shift in roster.shifts if shift.rung == 0}
        for number, unit in enumerate(roster.units, 1):
            if unit.unit_id not in with_primary:
                self._say(f"units[{number}]", "id", f"{unit.unit_id} 没有主班 / has no primary")


DAY_MINUTES = 24 * 60


def _rows(content: dict[str, Any], name: str) -> list[Any]:
    rows = content.get(name)
    return rows if isinstance(rows, list) else []


async def import_roster(session: AsyncSession, roster: Roster, by: str) -> RosterImported:
    """Replace the whole roster in this transaction."""
    await session.execute(delete(Shift))
    await session.execute(delete(Unit))
    session.add_all(
        Unit(unit_id=unit.unit_id, name=unit.name, kind=unit.kind) for unit in roster.units
    )
    await session.flush()
    session.add_all(_row(shift) for shift in roster.shifts)
    fact = RosterImported(at=now(), by=by, units=len(roster.units), shifts=len(roster.shifts))
    await journal.append(session, fact)
    return fact


def _row(shift: ShiftRow) -> Shift:
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
