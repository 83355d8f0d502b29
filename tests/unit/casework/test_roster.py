"""The roster file: what is understood, and everything that is wrong named at once."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from casework.duty.ladder import ladder
from casework.duty.roster import RosterWrong, import_roster, read_roster
from casework.duty.tables import Shift, Unit
from casework.duty.times import Dated, Weekly
from store import journal
from store.database import Database
from tests.unit.casework.rosters import GOOD, local, roster_of

EXAMPLE = Path(__file__).parents[3] / "simulator/roster.yaml"
PRIMARY = "rung: primary, person: lin"
ALL_DAY = "every: day, from: 00:00, to: 24:00"
FINE = f"{PRIMARY}, {ALL_DAY}"


def wrong_with(text: str) -> list[tuple[str, str]]:
    """(row, field) of every problem, in the order of the lines."""
    with pytest.raises(RosterWrong) as refused:
        read_roster(text)
    return [(problem.row, problem.field) for problem in refused.value.problems]


def test_numbers_are_kept_as_they_are_dialled_here() -> None:
    numbers = [shift.number for shift in read_roster(GOOD).shifts]
    assert numbers == ["6101", "6104", "13800000002", "05942691234", "13800000003"]


def test_what_is_left_out_has_a_default() -> None:
    roster = read_roster(GOOD)
    assert [shift.ring_seconds for shift in roster.shifts] == [20, 20, 30, 20, 20]
    assert [unit.kind for unit in read_roster(roster_of(FINE)).units] == ["unit"]


def test_times_need_no_quotes() -> None:
    # YAML 1.1 alone would read 20:00 as the number 1200.
    shifts = read_roster(GOOD).shifts
    assert shifts[0].time == Weekly(frozenset(range(7)), 8 * 60, 20 * 60)
    assert shifts[1].time == Weekly(frozenset(range(7)), 20 * 60, 8 * 60)


def test_dated_shifts_are_in_the_city_s_time() -> None:
    roster = read_roster(roster_of(f"{PRIMARY}, from: 2026-11-24 20:00, to: 2026-11-24 24:00"))
    assert roster.shifts[0].time == Dated(local("2026-11-24 20:00"), local("2026-11-25 00:00"))


def test_chinese_words_are_understood() -> None:
    text = GOOD
    for english, chinese in {
        "kind: petition": "kind: 信访", "rung: primary": "rung: 主班", "rung: deputy": "rung: 副班",
        "rung: duty_leader": "rung: 值班领导", "every: day": "every: 每天",
        "[mon, tue, wed, thu, fri]": "[周一, 周二, 周三, 周四, 周五]", "[mon]": "周一",
    }.items():  # fmt: skip
        assert english in text
        text = text.replace(english, chinese)
    facts = [
        [(s.unit_id, s.rung, s.person_id, s.time) for s in read_roster(roster).shifts]
        for roster in (text, GOOD)
    ]
    assert facts[0] == facts[1]
    assert [unit.kind for unit in read_roster(text).units] == ["unit", "petition"]


def test_the_simulated_city_s_roster_is_right() -> None:
    roster = read_roster(EXAMPLE.read_text("utf-8"))
    rungs = [f"{shift.unit_id} {shift.number} {shift.ring_seconds}" for shift in roster.shifts]
    assert [f"{unit.unit_id} {unit.kind}" for unit in roster.units] == [
        "market unit", "construction unit", "petition petition", "health unit", "leader leader",
        "police emergency", "fire emergency", "medical emergency", "traffic emergency",
        "command emergency",
    ]  # fmt: skip
    assert rungs[:3] == ["market 6101 8", "market 6102 8", "market 6103 10"]


PROBLEMS = {
    "not YAML": ("units: [", [("file", "")]),
    "nothing": ("", [("file", "")]),
    "a list": ("- market", [("file", "")]),
    "deep nesting": ("[" * 5000, [("file", "")]),
    "no rows": ("units: []", [("file", "units"), ("file", "shifts")]),
    "shifts no list": (
        "units:\n  - {id: market, name: 局}\nshifts: 主班",
        [("units[1]", "id"), ("file", "shifts")],
    ),
    "row of nothing": (roster_of(FINE) + "\n  - 6101", [("shifts[2]", "")]),
    "mistyped field": (roster_of(f"{FINE}, ring_second: 9"), [("shifts[1]", "ring_second")]),
    "field twice": (roster_of(f"{FINE}, rung: deputy"), [("shifts[1]", "rung")]),
    "bad pattern": (roster_of(FINE).replace("6[0-9]{3}", "6[0-9"), [
        ("file", "internal_numbers"), ("shifts[1]", "number"),
    ]),
    "unit twice": (
        roster_of(FINE).replace("shifts:", "  - {id: market, name: 二局}\nshifts:"),
        [("units[2]", "id")],
    ),
    "bad kind": (roster_of(FINE).replace("name: 局", "name: 局, kind: x"), [("units[1]", "kind")]),
    "unknown unit": (
        roster_of(FINE) + "\n  - {unit: x, name: 某, number: 6102, " + FINE + "}",
        [("shifts[2]", "unit")],
    ),
    "no primary": (roster_of(f"rung: deputy, person: lin, {ALL_DAY}"), [("units[1]", "id")]),
    "bad rung": (roster_of(FINE, f"rung: boss, person: lin, {ALL_DAY}"), [("shifts[2]", "rung")]),
    "no person": (roster_of(f"rung: primary, {ALL_DAY}"), [("shifts[1]", "person")]),
    "empty person": (
        roster_of(f"rung: primary, person: , {ALL_DAY}"), [("shifts[1]", "person")],
    ),
    "one person, two names": (
        roster_of(FINE, f"rung: deputy, person: lin, {ALL_DAY}").replace("某", "陈", 1),
        [("shifts[2]", "person")],
    ),
    "ends before it starts": (
        roster_of(f"{PRIMARY}, from: 2026-11-24 08:00, to: 2026-11-24 08:00"),
        [("shifts[1]", "to")],
    ),
    "neither dated nor weekly": (
        roster_of(f"{PRIMARY}, from: 08:00, to: 20:00"),
        [("shifts[1]", "from"), ("shifts[1]", "to")],
    ),
    "no such day": (
        roster_of(f"{PRIMARY}, from: 2026-02-30 08:00, to: 2026-03-01 25:00"),
        [("shifts[1]", "from"), ("shifts[1]", "to")],
    ),
    "the end of all days": (
        roster_of(f"{PRIMARY}, from: 2026-02-03 08:00, to: 9999-12-31 24:00"),
        [("shifts[1]", "to")],
    ),
    "bad week": (
        roster_of(f"{PRIMARY}, every: [mon, xyz], from: 8 o'clock, to: 24:01"),
        [("shifts[1]", "every"), ("shifts[1]", "from"), ("shifts[1]", "to")],
    ),
    "no day of the week": (
        roster_of(f"{PRIMARY}, every: [], from: 08:00, to: 09:00"), [("shifts[1]", "every")],
    ),
    "from the day's end": (
        roster_of(f"{PRIMARY}, every: day, from: 24:00, to: 09:00"), [("shifts[1]", "from")],
    ),
    "weekly overlap": (
        roster_of(
            f"{PRIMARY}, every: [sun], from: 20:00, to: 08:00",
            f"{PRIMARY}, every: [mon], from: 07:59, to: 20:00",
        ),
        [("shifts[2]", "from")],
    ),
    "dated overlap": (
        roster_of(
            f"{PRIMARY}, from: 2026-11-24 08:00, to: 2026-11-25 08:00",
            f"{PRIMARY}, from: 2026-11-25 08:00, to: 2026-11-26 08:00",
            f"{PRIMARY}, from: 2026-11-26 07:00, to: 2026-11-27 08:00",
        ),
        [("shifts[3]", "from")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_problems(case: str) -> None:
    text, expected = PROBLEMS[case]
    assert wrong_with(text) == expected


BAD_NUMBERS = [
    "", "7101", "61011", "12345", "1380000000", "+1 212 555 2368", "PJSIP/6101", "0594-2691234x801",
    "６１０１",
]  # fmt: skip


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_numbers_that_cannot_be_dialled(number: str) -> None:
    text = roster_of(FINE).replace("number: 6101", f'number: "{number}"')
    assert wrong_with(text) == [("shifts[1]", "number")]


def test_internal_numbers_are_digits_whatever_the_pattern_allows() -> None:
    text = roster_of(FINE).replace("6[0-9]{3}", ".*")
    assert read_roster(text).shifts[0].number == "6101"
    assert wrong_with(text.replace("6101", "6101@elsewhere")) == [("shifts[1]", "number")]


@pytest.mark.parametrize("seconds", ["4", "121", "abc", "8.5", "-8", "true", "[8]", '""'])
def test_ring_seconds_out_of_range(seconds: str) -> None:
    text = roster_of(f"{FINE}, ring_seconds: {seconds}")
    assert wrong_with(text) == [("shifts[1]", "ring_seconds")]


@pytest.mark.parametrize("seconds", [5, 120])
def test_ring_seconds_at_the_edges(seconds: int) -> None:
    text = roster_of(f"{FINE}, ring_seconds: {seconds}")
    assert read_roster(text).shifts[0].ring_seconds == seconds


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    text = """\
units:
  - {id: market, name: 市场监管局}
  - id: health
    name: 卫健委
    kind: hospital
shifts:
  - unit: market
    rung: deputy
    person: lin
    name: 林某
    number: 123
    every: [mon]
    from: 8点
    to: 20:00
  - {unit: ghost, rung: primary, person: su, name: 苏某, number: "13800000001",
     ring_seconds: 3, from: 2026-11-25 08:00, to: 2026-11-24 08:00}
"""
    with pytest.raises(RosterWrong) as refused:
        read_roster(text)
    found = [f"{p.line} {p.row}.{p.field}" for p in refused.value.problems]
    assert sorted(found) == sorted(
        [
            "2 units[1].id",  # no primary
            "3 units[2].id",  # no primary
            "5 units[2].kind",
            "11 shifts[1].number",
            "13 shifts[1].from",
            "15 shifts[2].unit",
            "16 shifts[2].ring_seconds",
            "16 shifts[2].to",
        ]
    )
    said = str(refused.value)
    assert "第 11 行 / line 11, shifts[1].number: 不是有效的电话号码 / not a valid" in said
    assert "13800000001" not in said


async def test_import_replaces_all_and_says_so(database: Database) -> None:
    dated = f"{PRIMARY}, from: 2026-11-24 08:00, to: 2026-11-25 08:00"
    async with database.transaction() as session:
        await import_roster(session, read_roster(GOOD), by="zhang")
    async with database.transaction() as session:
        fact = await import_roster(session, read_roster(roster_of(FINE, dated)), by="zhang")
    async with database.reading() as session:
        assert list(await session.scalars(select(Unit.unit_id))) == ["market"]
        assert await session.scalar(select(func.count()).select_from(Shift)) == 2
        rows = await journal.after(session, 0)
    assert [row.kind for row in rows] == ["roster_imported", "roster_imported"]
    assert rows[1].fact() == fact
    assert (fact.units, fact.shifts, fact.by) == (1, 2, "zhang")
    assert (fact.first, fact.last) == (local("2026-11-24 08:00"), local("2026-11-25 08:00"))
    assert rows[0].data["first"] is None


async def test_an_import_that_fails_changes_nothing(database: Database) -> None:
    async with database.transaction() as session:
        await import_roster(session, read_roster(GOOD), by="zhang")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await import_roster(session, read_roster(roster_of(FINE)), by="zhang")
            raise ZeroDivisionError
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Shift)) == 5
        assert await journal.newest(session) == 1
        night = await ladder(session, "letters", local("2026-11-24 01:00"))
    assert [person.person_id for person in night] == ["xu"]


async def test_imports_at_the_same_time_follow_each_other(database: Database) -> None:
    async def put(text: str) -> None:
        async with database.transaction() as session:
            await import_roster(session, read_roster(text), by="zhang")

    await asyncio.gather(*(put(text) for text in [GOOD, roster_of(FINE)] * 3))
    async with database.reading() as session:
        units = await session.scalar(select(func.count()).select_from(Unit))
        shifts = await session.scalar(select(func.count()).select_from(Shift))
        assert await journal.newest(session) == 6
    assert (units, shifts) in {(2, 5), (1, 1)}
