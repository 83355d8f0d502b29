"""Who is rung, in what order, at which moment."""

from datetime import UTC

import pytest

from casework.duty.ladder import UnknownUnit, ladder, unit_kind
from casework.duty.roster import import_roster, read_roster
from store.database import Database
from tests.unit.casework.rosters import GOOD, local, roster_of

# 2026-11-23 is a Monday.
MOMENTS = [
    ("market", "2026-11-24 08:00", "lin chen huang"),
    ("market", "2026-11-24 07:59:59", "su chen"),
    ("market", "2026-11-24 17:59:59", "lin chen huang"),
    ("market", "2026-11-24 18:00", "lin chen"),
    ("market", "2026-11-24 20:00", "su chen"),
    ("market", "2026-11-24 00:00", "su chen"),
    ("market", "2026-11-24 23:59:59", "su chen"),
    ("market", "2026-11-28 09:00", "lin chen"),  # Saturday
    ("letters", "2026-11-23 21:59:59", ""),
    ("letters", "2026-11-23 22:00", "xu"),
    ("letters", "2026-11-23 23:59:59", "xu"),
    ("letters", "2026-11-24 00:00", "xu"),
    ("letters", "2026-11-24 05:59:59", "xu"),
    ("letters", "2026-11-24 06:00", ""),
    ("letters", "2026-11-23 05:00", ""),  # Sunday's night is not Monday's
    # The city knows no summer time: eight o'clock in July is eight o'clock.
    ("market", "2026-07-07 08:00", "lin chen huang"),
    ("market", "2026-07-07 07:59:59", "su chen"),
]


async def on_duty(database: Database, roster: str, unit: str, at: str) -> str:
    """The persons, in order, as one line; UTC moments, as the service has them."""
    async with database.transaction() as session:
        await import_roster(session, read_roster(roster), by="zhang")
    async with database.reading() as session:
        persons = await ladder(session, unit, local(at).astimezone(UTC))
    return " ".join(person.person_id for person in persons)


async def test_who_is_on_duty_at_which_moment(database: Database) -> None:
    async with database.transaction() as session:
        await import_roster(session, read_roster(GOOD), by="zhang")
    async with database.reading() as session:
        seen = [
            (unit, at, " ".join(p.person_id for p in await ladder(session, unit, local(at))))
            for unit, at, _ in MOMENTS
        ]
    assert seen == MOMENTS


async def test_each_is_rung_as_long_as_the_roster_says(database: Database) -> None:
    async with database.transaction() as session:
        await import_roster(session, read_roster(GOOD), by="zhang")
    async with database.reading() as session:
        persons = await ladder(session, "market", local("2026-11-24 09:00"))
        assert await unit_kind(session, "letters") == "petition"
    assert [(p.rung, p.number, p.person_name, p.ring_seconds) for p in persons] == [
        (0, "6101", "林某", 20), (1, "13800000002", "陈某", 30), (2, "05942691234", "黄某", 20),
    ]  # fmt: skip


async def test_an_unknown_unit_is_an_error_not_an_empty_ladder(database: Database) -> None:
    async with database.reading() as session:
        with pytest.raises(UnknownUnit, match="ghost"):
            await ladder(session, "ghost", local("2026-11-24 09:00"))


ALL_DAY = "every: day, from: 00:00, to: 24:00"
DATED = "from: 2026-11-24 08:00, to: 2026-11-25 08:00"
WEEKLY_TWO = (
    f"rung: primary, person: lin, {ALL_DAY}", f"rung: deputy, person: chen, {ALL_DAY}",
)  # fmt: skip

STAND_INS = {
    "on two rungs, rung once": (
        (*WEEKLY_TWO, f"rung: duty_leader, person: lin, {ALL_DAY}"), "2026-11-24 09:00", "lin chen",
    ),
    "a dated shift stands in": (
        (*WEEKLY_TWO, f"rung: primary, person: su, {DATED}"), "2026-11-24 09:00", "su chen",
    ),
    "up to its last moment": (
        (*WEEKLY_TWO, f"rung: primary, person: su, {DATED}"), "2026-11-25 07:59:59", "su chen",
    ),
    "and no longer": (
        (*WEEKLY_TWO, f"rung: primary, person: su, {DATED}"), "2026-11-25 08:00", "lin chen",
    ),
    "who is replaced is not rung, even by one already on the ladder": (
        (*WEEKLY_TWO, f"rung: deputy, person: lin, {DATED}"), "2026-11-24 09:00", "lin",
    ),
    "an instant before": (
        (*WEEKLY_TWO, f"rung: deputy, person: lin, {DATED}"), "2026-11-24 07:59:59", "lin chen",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STAND_INS)
async def test_standing_in(case: str, database: Database) -> None:
    shifts, at, expected = STAND_INS[case]
    assert await on_duty(database, roster_of(*shifts), "market", at) == expected


async def test_the_written_order_does_not_matter(database: Database) -> None:
    lines = GOOD.splitlines()
    head, shifts = lines[:5], lines[5:]
    turned = "\n".join([*head, *reversed(shifts)])
    assert await on_duty(database, turned, "market", "2026-11-24 09:00") == "lin chen huang"
