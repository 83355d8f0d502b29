"""Changes that wait end as the same changes made one by one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from store.base import now, table_of
from store.database import Database
from store.late import late_rows, write_late_rows
from telephony.tables import Leg, PhoneCall

CALLS, LEGS = table_of(PhoneCall), table_of(Leg)
BEGAN = now()
CALL = {"node": "pbx", "called": "12345", "started_at": BEGAN, "stage": "live"}
LEG = {"role": "citizen", "channel": "PJSIP/trunk-1", "started_at": BEGAN, "place": "nowhere"}

Change = tuple[str, int, int]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'hotline.sqlite'}")
    await database.create_all()
    yield database
    await database.close()


def ask(rows: Any, change: Change) -> None:
    """One change of the n-th call or its leg."""
    what, call, n = change
    at = BEGAN + timedelta(seconds=n)
    if what == "stage":
        rows.update(CALLS, f"c{call}", {"stage": f"s{n}"})
    elif what == "queued":
        rows.update_first(CALLS, f"c{call}", "queued_at", at)
        rows.update(CALLS, f"c{call}", {"priority": n})
    elif what == "talked":
        rows.update_first(CALLS, f"c{call}", "talked_at", at)
    else:
        rows.update(LEGS, f"l{call}", {"place": what, "answered_at": at})


changes = st.lists(
    st.tuples(
        st.sampled_from(["stage", "queued", "talked", "queue", "pair"]), st.integers(0, 2),
        st.integers(0, 9),
    ),
    max_size=12,
)  # fmt: skip


@given(before=changes, after=changes)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_many_at_once_are_what_one_by_one_would_be(
    database: Database, before: list[Change], after: list[Change]
) -> None:
    seen = [await outcome(database, before, after, at_once=at_once) for at_once in (True, False)]
    assert seen[0] == seen[1]


async def outcome(
    database: Database, before: list[Change], after: list[Change], *, at_once: bool
) -> list[Any]:
    """Three calls with a leg each: made, changed, changed again in another transaction."""
    async with database.transaction() as session:
        await session.execute(delete(LEGS))
        await session.execute(delete(CALLS))
    for many, new in ((before, True), (after, False)):
        async with database.transaction() as session:
            rows = late_rows(session)
            for call in range(3) if new else ():
                # The second call has a column more: rows of a kind need not be alike.
                more = {"caller_number": "1"} if call == 1 else {}
                rows.insert(CALLS, f"c{call}", {**CALL, **more})
                rows.insert(LEGS, f"l{call}", {**LEG, "call_id": f"c{call}"})
            for change in many:
                ask(rows, change)
                if not at_once:
                    await write_late_rows(session)
    async with database.reading() as session:
        calls = await session.execute(select(CALLS).order_by(CALLS.c.call_id))
        legs = await session.execute(select(LEGS).order_by(LEGS.c.leg_id))
        return [*calls.all(), *legs.all()]


async def test_whoever_reads_in_the_same_transaction_sees_them(database: Database) -> None:
    async with database.transaction() as session:
        late_rows(session).insert(CALLS, "c1", CALL)
        assert await session.scalar(select(CALLS.c.stage)) == "live"
        late_rows(session).update(CALLS, "c1", {"stage": "ended"})
        found = await session.get(PhoneCall, "c1")
    assert found is not None
    assert found.stage == "ended"


async def test_what_is_undone_is_not_written(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            late_rows(session).insert(CALLS, "c1", CALL)
            raise ZeroDivisionError
    async with database.reading() as session:
        assert await session.scalar(select(CALLS.c.call_id)) is None
