"""More callers at once than the house holds: the rest hear it and are rung back."""

import pytest
from sqlalchemy import select

from casework.ringback.tables import Ringback
from telephony.asterisk.ports import free_range
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.sipp import foreign_phone
from tests.e2e.stage import Stage, given_stage, until

ALL, ALLOWED = 200, 60
NUMBERS = [f"1391000{n:04d}" for n in range(ALL)]


# So many calls keep a processor busy: one of these stories at a time.
@pytest.mark.xdist_group("busy")
@pytest.mark.timeout(240)
async def test_two_hundred_at_once_sixty_served_the_rest_told_and_owed_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    callers   | hear                    | afterwards
    1 … 60    | greeting, the queue     | in the queue until they hang up
    61 … 200  | the house is full       | hung up, one ring-back row each
    """
    # 200 talks at once need more ports than a test usually has.
    monkeypatch.setattr("tests.e2e.stage.free_range", lambda at: free_range(at, 1000))
    async with given_stage(max_calls=ALLOWED) as stage:
        await stage.city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        lines = [number.encode() for number in NUMBERS]
        async with foreign_phone(
            stage, "full_house", calls=ALL, rate=50, lines=lines, within=110
        ) as phone:
            await until(lambda: turned_away(stage, ALL - ALLOWED), 70, "140 turned away")
            await until(lambda: queued(stage, ALLOWED), 60, "60 in the queue")
            live = [c.row.caller_number for c in await stage.calls() if c.row.stage == "live"]
            assert len(set(live)) == ALLOWED
            await stage.pbx.command("channel request hangup all")
            told = await phone
        assert told.as_told, told
        await nothing_is_left(stage, within=60)
        calls = await stage.calls()
        assert sorted(c.row.caller_number or "" for c in calls) == NUMBERS
        away = {c.row.caller_number for c in calls if c.row.turned_away}
        rows = await ringbacks(stage)
        assert {row.number for row in rows if "overload" in row.reasons} == away
        assert len(away) == ALL - ALLOWED
        assert len(rows) == len({row.number for row in rows}) == ALL
        await the_next_call_goes_well(stage)


async def turned_away(stage: Stage, count: int) -> bool:
    calls = await stage.calls()
    return sum(c.row.turned_away and c.row.stage == "ended" for c in calls) == count


async def queued(stage: Stage, count: int) -> bool:
    return sum(c.at("queue") == {"citizen"} for c in await stage.calls()) == count


async def ringbacks(stage: Stage) -> list[Ringback]:
    async with stage.database.reading() as session:
        return list(await session.scalars(select(Ringback)))
