"""Room hotline: who answers what flows ask; the table is at the foot.

A question is answered from what the main database says. Where that is away, no answer is
the answer, and the flow has a way on.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select

from casework.duty.ladder import UnknownUnit, ladder
from casework.tickets.tables import Ticket
from store.database import Database
from telephony.ivr.questions import Answers, Question

# A ticket's status → what its citizen is told. Every other status is work going on.
TOLD: Final = {
    "open": "received",
    "resolved": "done",
    "called_back": "done",
    "rated": "done",
    "closed": "done",
    "archived": "done",
    "cancelled": "done",
}
DAY_DIGITS, COUNT_DIGITS = 8, 6


def number_of(digits: str) -> str | None:
    """`20261124000001` → `PT20261124-000001`; leading zeros of the count may be left out."""
    digits = digits.replace("*", "")
    day, count = digits[:DAY_DIGITS], digits[DAY_DIGITS:]
    if not count or len(count) > COUNT_DIGITS:
        return None
    return f"PT{day}-{int(count):0{COUNT_DIGITS}d}"


def answers_from(database: Database) -> Answers:
    """The table of all questions. Their names are also in `hotline.flows.QUESTIONS`."""

    async def progress(question: Question) -> str:
        number = number_of(question.digits)
        async with database.reading() as session:
            status = await session.scalar(select(Ticket.status).where(Ticket.number == number))
        return "unknown" if status is None else TOLD.get(status, "in_work")

    async def on_duty(question: Question) -> str:
        async with database.reading() as session:
            try:
                persons = await ladder(session, question.about, datetime.now(UTC))
            except UnknownUnit:
                return "no"
        return "yes" if persons else "no"

    return {"progress": progress, "on_duty": on_duty}
