"""Emergency centres in a roster: their lines, hours, keys, and who stands in for them."""

import pytest

from casework.duty.ladder import UnknownUnit, find_unit, with_fallbacks
from casework.duty.roster import RosterWrong, import_roster, read_roster
from store.database import Database
from tests.unit.casework.rosters import local

SHIFTS = """
shifts:
  - {unit: market, rung: primary, person: lin, name: 林某, number: 6101, every: day, from: 00:00, to: 24:00}
  - {unit: command, rung: deputy, person: huang, name: 黄某, number: 13800000002, every: day, from: 00:00, to: 24:00}
"""  # noqa: E501 - one shift a line
COMMAND = '{id: command, name: 应急指挥中心, kind: emergency, key: "9", line: 05942690000}'
POLICE = '{id: police, name: 公安 110, kind: emergency, line: "110", fallback: command}'
MARKET = "{id: market, name: 市场监管局}"


def roster_of(*units: str) -> str:
    rows = "\n".join(f"  - {unit}" for unit in units)
    return f'internal_numbers: "6[0-9]{{3}}"\nunits:\n{rows}{SHIFTS}'


async def numbers(database: Database, text: str, unit: str, at: str) -> list[str]:
    """Who is rung for this unit, one after the other."""
    async with database.transaction() as session:
        await import_roster(session, read_roster(text), by="zhang")
    async with database.reading() as session:
        found = await find_unit(session, unit)
        return [f"{p.unit_id} {p.number}" for p in await with_fallbacks(session, found, local(at))]


async def test_a_line_is_open_day_and_night_and_its_fallback_stands_behind(
    database: Database,
) -> None:
    text = roster_of(MARKET, COMMAND, POLICE)
    for at in ("2026-11-24 00:00", "2026-11-28 12:00", "2026-11-29 23:59"):
        assert await numbers(database, text, "police", at) == [
            "police 110", "command 05942690000", "command 13800000002",
        ]  # fmt: skip
    assert await numbers(database, text, "market", "2026-11-24 09:00") == ["market 6101"]


async def test_a_closed_line_is_left_out(database: Database) -> None:
    hours = "every: [mon, tue], from: 08:00, to: 20:00"
    text = roster_of(MARKET, COMMAND.replace("}", f", {hours}}}"), POLICE)
    opened = await numbers(database, text, "command", "2026-11-24 08:00")
    closed = await numbers(database, text, "command", "2026-11-24 20:00")
    assert (opened[0], closed) == ("command 05942690000", ["command 13800000002"])


async def test_two_who_stand_in_for_each_other_are_rung_once(database: Database) -> None:
    text = roster_of(MARKET, COMMAND.replace("}", ", fallback: police}"), POLICE)
    found = await numbers(database, text, "9", "2026-11-24 08:00")
    assert found == ["command 05942690000", "command 13800000002", "police 110"]


async def test_a_centre_is_found_by_its_key(database: Database) -> None:
    async with database.transaction() as session:
        await import_roster(session, read_roster(roster_of(MARKET, COMMAND, POLICE)), by="zhang")
    async with database.reading() as session:
        for name, unit in (("110", "police"), ("9", "command"), ("command", "command")):
            assert (await find_unit(session, name)).unit_id == unit
        with pytest.raises(UnknownUnit):
            await find_unit(session, "119")


PROBLEMS = {
    "no such number": (POLICE.replace('"110"', '"111"'), [("units[3]", "line")]),
    "an empty line": (POLICE.replace('"110"', '""'), [("units[3]", "id")]),
    "hours without a line": (
        POLICE.replace('line: "110"', "every: day, from: 08:00, to: 09:00"),
        [("units[3]", "id")],
    ),
    "half of the hours": (
        POLICE.replace("}", ", every: day, from: 08:00}"), [("units[3]", "to")],
    ),
    "a key taken": (POLICE.replace("}", ', key: "9"}'), [("units[3]", "key")]),
    "a key that is none": (POLICE.replace("}", ", key: abc}"), [("units[3]", "key")]),
    "rung for ever": (POLICE.replace("}", ", ring_seconds: 500}"), [("units[3]", "ring_seconds")]),
    "nobody stands in": (POLICE.replace("command", "moon"), [("units[3]", "fallback")]),
    "itself": (POLICE.replace("command", "police"), [("units[3]", "fallback")]),
    "no centre": (POLICE.replace("command", "market"), [("units[3]", "fallback")]),
    "fields of a centre on another unit": (
        '{id: roads, name: 路政, line: 6105, key: "7"}',
        [("units[3]", "line"), ("units[3]", "key")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_problems_are_named(case: str) -> None:
    unit, expected = PROBLEMS[case]
    with pytest.raises(RosterWrong) as refused:
        read_roster(roster_of(MARKET, COMMAND, unit))
    assert sorted((p.row, p.field) for p in refused.value.problems) == sorted(expected)


def test_a_line_and_a_primary_at_the_same_time_are_too_much() -> None:
    with pytest.raises(RosterWrong) as refused:
        read_roster(roster_of(MARKET, COMMAND, POLICE).replace("rung: deputy", "rung: primary"))
    assert [problem.field for problem in refused.value.problems] == ["from"]
