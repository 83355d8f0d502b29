"""Tickets as they are read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from casework.tickets import open as opening
from casework.tickets.life import Terms
from casework.tickets.open import open_ticket
from casework.tickets.views import TicketFilter, list_tickets, ticket_text
from store.database import Database
from tests.unit.casework.test_open import WITH, WITHOUT

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
DRAFTS = [
    replace(WITH, call_id="pbx-1", units=["market"]),
    replace(WITHOUT, call_id="pbx-2", kind="message", caller_number="13800000002"),
    replace(WITH, call_id="pbx-3", units=["market_2", "letters"]),
    replace(WITHOUT, call_id="pbx-4", kind="abandoned"),
    replace(WITH, call_id="pbx-5", units=["marketx2"]),
]


@pytest.fixture
async def five(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Five tickets, one an hour from noon."""
    for hour, draft in enumerate(DRAFTS):
        moment = NOON + timedelta(hours=hour)
        monkeypatch.setattr(opening, "now", lambda moment=moment: moment)
        async with database.transaction() as session:
            await open_ticket(session, draft, Terms())
    return database


FILTERS = {
    "all, newest first": (TicketFilter(), "54321"),
    "of a call": (TicketFilter(call_id="pbx-2"), "2"),
    "of a kind": (TicketFilter(kind="message"), "2"),
    "of a unit": (TicketFilter(unit_id="market"), "1"),
    "an underscore is no wildcard": (TicketFilter(unit_id="market_2"), "3"),
    "of a caller": (TicketFilter(caller_number="13800000001"), "5431"),
    "without transcript": (TicketFilter(transcript_state="none"), "42"),
    "closed": (TicketFilter(status="closed"), ""),
    "from, not up to": (
        TicketFilter(
            opened_from=NOON + timedelta(hours=1), opened_before=NOON + timedelta(hours=3)
        ),
        "32",
    ),
    "both": (TicketFilter(status="open", unit_id="letters", kind="call"), "3"),
}


@pytest.mark.parametrize("case", FILTERS)
async def test_filters(case: str, five: Database) -> None:
    only, expected = FILTERS[case]
    async with five.reading() as session:
        page = await list_tickets(session, only)
    assert "".join(ticket.call_id[-1] for ticket in page.tickets) == expected
    assert page.next_before is None


async def test_pages_do_not_shift_when_a_ticket_comes(five: Database) -> None:
    async with five.reading() as session:
        first = await list_tickets(session, TicketFilter(), limit=2)
    async with five.transaction() as session:
        await open_ticket(session, replace(WITH, call_id="pbx-6"), Terms())
    async with five.reading() as session:
        second = await list_tickets(session, TicketFilter(), 2, first.next_before)
        third = await list_tickets(session, TicketFilter(), 2, second.next_before)
    pages = ["".join(t.call_id[-1] for t in page.tickets) for page in (first, second, third)]
    assert pages == ["54", "32", "1"]
    assert third.next_before is None


async def test_one_with_its_text(five: Database) -> None:
    async with five.reading() as session:
        ticket = await ticket_text(session, "PT20261124-000001")
        assert await ticket_text(session, "PT20261124-000009") is None
    assert ticket is not None
    assert (ticket.title, ticket.body, ticket.units) == ("路灯坏了", "来电人：路灯坏了", ["market"])
    assert (ticket.opened_at, ticket.recording_sha256) == (NOON, "ab" * 32)
