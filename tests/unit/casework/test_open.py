"""Each matter of each call has exactly one ticket, on both databases."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from casework.suggestions.keeping import answer
from casework.tickets import open as opening
from casework.tickets.life import Terms
from casework.tickets.open import TicketDraft, add_matter, open_ticket
from casework.tickets.tables import Ticket
from casework.tickets.workdays import CITY_TIME
from store import journal
from store.database import Database

CALL = "pbx-1764000000.12"
WITHOUT = TicketDraft(
    call_id=CALL, kind="call", called_at=datetime(2026, 11, 24, 1, tzinfo=UTC),
    caller_number="13800000001", title="市民来电", body="", who_spoke=["citizen", "operator"],
    units=[], has_transcript=False, transcript_note="转写尚未完成", recording_folder=None,
    recording_sha256=None, has_gap=False, line_broke=False, links={"call": f"/calls/{CALL}"},
)  # fmt: skip
WITH = replace(
    WITHOUT, title="路灯坏了", body="来电人：路灯坏了", has_transcript=True, transcript_note="Vosk",
    recording_folder=f"2026/11/24/{CALL}", recording_sha256="ab" * 32,
)  # fmt: skip


async def opened(database: Database, draft: TicketDraft) -> Ticket:
    async with database.transaction() as session:
        return await open_ticket(session, draft, Terms())


async def tickets(database: Database) -> list[Ticket]:
    async with database.reading() as session:
        return list(await session.scalars(select(Ticket).order_by(Ticket.number)))


async def facts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    async with database.reading() as session:
        return [(row.kind, row.data) for row in await journal.after(session, 0)]


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(opening, "now", lambda: moment)


async def test_a_call_becomes_a_ticket(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    set_clock(monkeypatch, datetime(2026, 11, 24, 2, tzinfo=UTC))
    ticket = await opened(database, WITH)
    assert await facts(database) == [
        ("ticket_opened", {
            "number": "PT20261124-000001", "matter": 1, "with_transcript": True, "by": None,
        }),
    ]  # fmt: skip
    stored = (await tickets(database))[0]
    assert (stored.ticket_id, stored.number) == (ticket.ticket_id, "PT20261124-000001")
    assert (stored.status, stored.transcript_state) == ("open", "done")
    assert stored.links == {"call": f"/calls/{CALL}"}


async def test_opening_again_returns_the_same(database: Database) -> None:
    first, second = await opened(database, WITH), await opened(database, WITH)
    assert first.ticket_id == second.ticket_id
    assert [kind for kind, _ in await facts(database)] == ["ticket_opened"]


async def test_a_transcript_that_says_more_is_given_to_a_ticket_nobody_wrote_in(
    database: Database,
) -> None:
    """
    the first part's words    | opened with them
    those of the second, too  | given
    the first part's, late    | not
    """
    more = replace(WITH, body=f"{WITH.body}\n联络员：马上来修")
    await opened(database, WITH)
    assert (await opened(database, more)).body == more.body
    assert (await opened(database, WITH)).body == more.body
    assert [kind for kind, _ in await facts(database)] == ["ticket_opened", "transcript_attached"]


async def test_opened_by_many_at_once_exactly_one(database: Database) -> None:
    found = await asyncio.gather(*(opened(database, draft) for draft in [WITHOUT, WITH] * 6))
    assert len({ticket.ticket_id for ticket in found}) == 1
    stored = await tickets(database)
    assert [(t.number[-6:], t.transcript_state, t.body) for t in stored] == [
        ("000001", "done", "来电人：路灯坏了")
    ]
    kinds = [kind for kind, _ in await facts(database)]
    assert kinds in (["ticket_opened"], ["ticket_opened", "transcript_attached"])


async def test_calls_at_once_are_numbered_without_a_hole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, datetime(2026, 11, 24, 2, tzinfo=UTC))
    await asyncio.gather(*(opened(database, replace(WITH, call_id=f"pbx-{n}")) for n in range(12)))
    assert [ticket.number for ticket in await tickets(database)] == [
        f"PT20261124-{n:06d}" for n in range(1, 13)
    ]


async def test_a_rolled_back_number_is_given_again(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await open_ticket(session, WITH, Terms())
            raise ZeroDivisionError
    assert await facts(database) == []
    assert (await opened(database, WITH)).number.endswith("-000001")


async def test_the_day_of_a_number_is_the_city_s(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [
        datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC),
        datetime(2026, 11, 24, 16, 0, tzinfo=UTC),
        datetime(2026, 11, 24, 16, 1, tzinfo=UTC),
    ]
    for n, moment in enumerate(moments):
        set_clock(monkeypatch, moment)
        await opened(database, replace(WITH, call_id=f"pbx-{n}"))
    assert [ticket.number for ticket in await tickets(database)] == [
        "PT20261124-000001", "PT20261125-000001", "PT20261125-000002",
    ]  # fmt: skip


async def test_the_transcript_follows(database: Database) -> None:
    await opened(database, WITHOUT)
    await opened(database, WITH)
    await opened(database, replace(WITH, body="来电人：别的"))
    ticket = (await tickets(database))[0]
    assert (ticket.title, ticket.body) == ("路灯坏了", "来电人：路灯坏了")
    assert (ticket.transcript_state, ticket.transcript_note) == ("done", "Vosk")
    assert (ticket.recording_folder, ticket.recording_sha256) == (
        WITH.recording_folder, WITH.recording_sha256,
    )  # fmt: skip
    kinds = [kind for kind, _ in await facts(database)]
    assert kinds == ["ticket_opened", "transcript_attached"]


async def test_a_ticket_without_says_the_newest_reason(database: Database) -> None:
    await opened(database, WITHOUT)
    await opened(database, replace(WITHOUT, transcript_note="转写失败：模型缺失", has_gap=True))
    ticket = (await tickets(database))[0]
    assert (ticket.transcript_state, ticket.transcript_note) == ("none", "转写失败：模型缺失")
    assert ticket.has_gap


async def test_a_transcript_is_not_taken_back(database: Database) -> None:
    await opened(database, WITH)
    await opened(database, WITHOUT)
    ticket = (await tickets(database))[0]
    assert (ticket.transcript_note, ticket.body) == ("Vosk", WITH.body)
    assert ticket.recording_sha256 == WITH.recording_sha256


async def test_what_a_person_wrote_stays(database: Database) -> None:
    await opened(database, WITHOUT)
    async with database.transaction() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        ticket.title, ticket.body, ticket.edited_by = "路灯报修", "已与来电人核实", "zhang"
    await opened(database, WITH)
    ticket = (await tickets(database))[0]
    assert (ticket.title, ticket.body) == ("路灯报修", "已与来电人核实")
    assert (ticket.transcript_state, ticket.transcript_note) == ("done", "Vosk")


async def test_words_too_long_for_the_table_lose_no_ticket(database: Database) -> None:
    await opened(database, replace(WITHOUT, caller_number="9" * 100, transcript_note="错" * 900))
    await opened(database, replace(WITH, title="题\0" * 300, transcript_note="何" * 900))
    ticket = (await tickets(database))[0]
    assert (ticket.caller_number, ticket.title) == ("9" * 40, "题" * 200)
    assert ticket.transcript_note == "何" * 400


async def test_one_call_may_carry_several_matters(database: Database) -> None:
    first = await opened(database, WITH)
    async with database.transaction() as session:
        second = await add_matter(session, CALL, "另反映噪声", "zhang", Terms())
    assert [(t.matter, t.title, t.edited_by) for t in await tickets(database)] == [
        (1, "路灯坏了", None), (2, "另反映噪声", "zhang"),
    ]  # fmt: skip
    assert first.number in second.transcript_note
    assert (second.caller_number, second.recording_sha256) == (
        first.caller_number, first.recording_sha256,
    )  # fmt: skip
    kind, data = (await facts(database))[1]
    assert (kind, data["matter"], data["by"]) == ("ticket_opened", 2, "zhang")


async def test_matters_added_at_once_are_all_kept(database: Database) -> None:
    await opened(database, WITH)

    async def add(n: int) -> None:
        async with database.transaction() as session:
            await add_matter(session, CALL, f"事项 {n}", "zhang", Terms())

    await asyncio.gather(*(add(n) for n in range(6)))
    assert [ticket.matter for ticket in await tickets(database)] == [1, 2, 3, 4, 5, 6, 7]


async def test_no_second_matter_without_a_first(database: Database) -> None:
    with pytest.raises(LookupError, match=CALL):
        async with database.transaction() as session:
            await add_matter(session, CALL, "另反映噪声", "zhang", Terms())


async def test_the_first_step_of_each_matter_is_due_by_the_city_s_own_terms(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, datetime(2026, 11, 24, 2, tzinfo=UTC))
    async with database.transaction() as session:
        first = await open_ticket(session, WITH, Terms(dispatch_days=3))
        second = await add_matter(session, CALL, "另反映噪声", "zhang", Terms(dispatch_days=5))
    assert first.due_at == datetime(2026, 11, 28, tzinfo=CITY_TIME)
    assert second.due_at == datetime(2026, 12, 2, tzinfo=CITY_TIME)


async def test_a_call_that_was_given_up_has_no_clock_however_urgent(database: Database) -> None:
    ticket = await opened(database, replace(WITHOUT, kind="abandoned"))
    async with database.transaction() as session:
        row = await session.get_one(Ticket, ticket.ticket_id)
        await answer(session, row, "urgency", ["urgent"], "zhang", Terms())
    assert [ticket.due_at for ticket in await tickets(database)] == [None]
