"""Suggestions come with the ticket or follow with the transcript, and never cost a ticket."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from casework.suggestions import keeping
from casework.suggestions.keeping import answer, suggestions_of
from casework.suggestions.reading import read_words
from casework.tickets.life import Step, Terms
from casework.tickets.steps import Asked, take_step
from casework.tickets.tables import Ticket
from casework.tickets.workdays import end_of_workday
from hotline.installation import Installation
from hotline.overdue import tell_of_overdue_tickets
from hotline.owed.ledger import TICKET, Leased, owe
from hotline.settings import Settings
from hotline.work import suggesting
from hotline.work.stages import open_call_ticket
from hotline.work_parts import run_desk
from store import journal
from store.database import Database
from telephony.facts import CallStarted
from telephony.projection import PROJECTIONS
from telephony.tables import PhoneCall
from tests.e2e.stage import until
from transcription.keep import keep_transcript
from transcription.words import Timeline, Utterance

START = datetime(2026, 11, 24, 1, tzinfo=UTC)
SAID = (("citizen", "商家哄抬口罩价格，在荔城区"), ("operator", "好的"))


async def given_call(database: Database, call_id: str = "c1", at: datetime = START) -> None:
    async with database.transaction() as session:
        session.add(
            PhoneCall(
                call_id=call_id, node="pbx", called="12345", caller_number="13800000001",
                started_at=at, stage="ended", operator_at=at,
            )
        )  # fmt: skip
        await owe(session, call_id, TICKET)


async def given_transcript(database: Database, call_id: str = "c1") -> None:
    timeline = Timeline(
        utterances=tuple(
            Utterance(leg_id=role, role=role, start=n, end=n + 1, text=text, words=())
            for n, (role, text) in enumerate(SAID)
        ),
        engine="none", model="none", why="测试", language="zh", seconds_audio=0.0,
        seconds_spent=0.0,
    )  # fmt: skip
    async with database.transaction() as session:
        await keep_transcript(session, call_id, timeline)


async def opened(database: Database, call_id: str = "c1", **more: Any) -> Ticket:
    await open_call_ticket(database, Leased(call_id, TICKET, 1), **more)
    async with database.reading() as session:
        return (await session.scalars(select(Ticket).where(Ticket.call_id == call_id))).one()


async def values(database: Database, ticket: Ticket) -> dict[str, list[str]]:
    async with database.reading() as session:
        return {s.field: s.suggested for s in await suggestions_of(session, ticket.ticket_id)}


async def facts(database: Database, kind: str) -> list[dict[str, Any]]:
    async with database.reading() as session:
        return [row.data for row in await journal.after(session, 0, 500, kinds=[kind])]


async def test_they_follow_with_the_transcript_once(database: Database) -> None:
    await given_call(database)
    ticket = await opened(database)
    assert await values(database, ticket) == {}
    await given_transcript(database)
    for _ in range(3):
        await opened(database)
    found = await values(database, ticket)
    assert (found["unit"], found["district"]) == (["market"], ["荔城区"])
    made = await facts(database, "suggestions_made")
    assert [fact["suggested"]["unit"] for fact in made] == [["market"]]
    assert "哄抬" not in str(made), "a fact holds ids, no words of anybody"


async def test_another_word_list_suggests_anew_but_leaves_what_was_answered(
    database: Database,
) -> None:
    await given_call(database)
    await given_transcript(database)
    ticket = await opened(database)
    async with database.transaction() as session:
        row = await session.get_one(Ticket, ticket.ticket_id)
        await answer(session, row, "unit", ["police"], "li", Terms())
    other = read_words(
        "version: b\nunits: {x: {name: 甲, words: {6: [口罩]}}}\n"
        "categories: {y: {name: 乙, kinds: {z: {name: 丙, unit: x, words: {6: [口罩]}}}}}\n"
    )
    await opened(database, words=other)
    async with database.reading() as session:
        found = {s.field: s for s in await suggestions_of(session, ticket.ticket_id)}
    assert (found["unit"].suggested, found["unit"].chosen) == (["market"], ["police"])
    assert (found["category"].suggested, found["category"].words) == (["y/z"], other.stamp)


async def test_what_was_chosen_before_the_transcript_came_stays(database: Database) -> None:
    await given_call(database)
    ticket = await opened(database)
    async with database.transaction() as session:
        row = await session.get_one(Ticket, ticket.ticket_id)
        await answer(session, row, "unit", ["police"], "li", Terms())
    await given_transcript(database)
    await opened(database)
    async with database.reading() as session:
        found = {s.field: s for s in await suggestions_of(session, ticket.ticket_id)}
    assert (found["unit"].suggested, found["unit"].chosen) == ([], ["police"])
    assert (found["district"].suggested, found["district"].chosen) == (["荔城区"], None)


async def test_a_number_that_called_before_is_a_repeated_call(database: Database) -> None:
    for n in range(3):
        await given_call(database, f"c{n}", START + timedelta(days=n))
        await given_transcript(database, f"c{n}")
        ticket = await opened(database, f"c{n}")
        assert ("repeat_call" in (await values(database, ticket))["topics"]) is (n == 2)


@pytest.mark.parametrize("where", ["thinking", "writing"])
async def test_a_mistake_in_them_costs_nobody_a_ticket(
    database: Database, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("broken word list")

    if where == "thinking":
        monkeypatch.setattr(suggesting, "suggest", broken)
    else:
        monkeypatch.setattr(keeping, "as_current", lambda values: "x" * 500 + "\0")
    await given_call(database)
    await given_transcript(database)
    ticket = await opened(database)
    assert (ticket.status, ticket.transcript_state) == ("open", "done")
    if where == "thinking":
        assert len(await facts(database, "suggestions_failed")) == 1
        assert await values(database, ticket) == {}


async def test_what_is_overdue_is_told_once_for_each_due_time(database: Database) -> None:
    await given_call(database)
    ticket = await opened(database)
    assert await tell_of_overdue_tickets(database) == []

    async def past_due() -> None:
        async with database.transaction() as session:
            (await session.get_one(Ticket, ticket.ticket_id)).due_at = START

    await past_due()
    assert await tell_of_overdue_tickets(database) == [ticket.number]
    assert await tell_of_overdue_tickets(database) == []
    async with database.transaction() as session:
        asked = Asked(Step.DISPATCH, "li", unit_id="market")
        moved = await take_step(session, ticket.number, asked, Terms())
        assert moved.due_at is not None
    await past_due()
    assert await tell_of_overdue_tickets(database) == [ticket.number]

    async def given_urgency(level: str, terms: Terms) -> None:
        async with database.transaction() as session:
            row = await session.get_one(Ticket, ticket.ticket_id)
            await answer(session, row, "urgency", [level], "li", terms)

    await given_urgency("urgent", Terms(urgent_resolve_hours=0))
    assert await tell_of_overdue_tickets(database) == [], "still past due, and told"
    await given_urgency("normal", Terms())
    assert await tell_of_overdue_tickets(database) == [], "not yet due"
    await past_due()
    assert await tell_of_overdue_tickets(database) == [ticket.number]
    told = await facts(database, "ticket_overdue")
    dispatched = ("dispatched", "market")
    assert [(f["status"], f["unit_id"]) for f in told] == [("open", None), dispatched, dispatched]


async def test_the_desk_opens_tickets_with_the_days_of_the_settings(tmp_path: Path) -> None:
    installation = Installation(Settings(data_dir=tmp_path, dispatch_days=9))
    async with installation.opened_database() as database:
        await database.migrate()
        await given_call(database)

        async def the_ticket() -> Ticket | None:
            async with database.reading() as session:
                return await session.scalar(select(Ticket))

        desk = asyncio.create_task(run_desk(installation))
        try:
            ticket = await until(the_ticket, 40, "the call's ticket")
        finally:
            desk.cancel()
            await asyncio.gather(desk, return_exceptions=True)
    assert ticket.due_at == end_of_workday(ticket.opened_at, 9)


async def test_what_an_operator_said_is_urgent_has_hours_not_days(database: Database) -> None:
    await given_call(database)
    await given_transcript(database)
    ticket = await opened(database)
    async with database.transaction() as session:
        row = await session.get_one(Ticket, ticket.ticket_id)
        await answer(session, row, "urgency", ["urgent"], "li", Terms())
        asked = Asked(Step.DISPATCH, "li", unit_id="market")
        moved = await take_step(session, ticket.number, asked, Terms())
        assert moved.due_at is not None
        assert moved.due_at - datetime.now(UTC) < timedelta(hours=25)


async def test_a_caller_id_of_any_length_makes_a_call_s_row(database: Database) -> None:
    fact = CallStarted(at=START, call_id="c9", node="pbx", called="1" * 300)
    async with database.transaction() as session:
        private = {"caller_number": "9" * 300, "caller_name": "名\0" * 900}
        await PROJECTIONS[CallStarted](session, fact, private)
    async with database.reading() as session:
        call = await session.get_one(PhoneCall, "c9")
    assert (call.called, call.caller_number, call.caller_name) == ("1" * 40, "9" * 40, "名" * 200)
