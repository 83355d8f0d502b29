"""Room hotline/work: suggestions for a ticket from its call's transcript.

They help and never stand in the way: whatever goes wrong here, the ticket is opened.
"""

import asyncio
import traceback
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from casework.suggestions.facts import SuggestionsFailed
from casework.suggestions.keeping import earlier_tickets, keep
from casework.suggestions.reading import own_words, read_words_file
from casework.suggestions.suggest import Suggestion, repeated, suggest
from casework.suggestions.words import WordList
from casework.tickets.tables import Ticket
from hotline.settings import Settings
from store import journal
from store.base import now
from store.connecting import told_as_away
from store.database import Database
from transcription.tables import Transcript

log = structlog.get_logger()

REPEATED = "repeat_call"


def words_of(settings: Settings) -> WordList:
    """The city's own list, or the one that comes with the program. `WordsWrong`."""
    if settings.suggestion_words is None:
        return own_words()
    return read_words_file(settings.suggestion_words)


async def suggested(database: Database, call_id: str, words: WordList) -> list[Suggestion] | None:
    """As `made_of`; outside any transaction, and in a thread: a long call takes a moment."""
    async with database.reading() as session:
        transcript = await session.get(Transcript, call_id)
    return await asyncio.to_thread(made_of, transcript, words)


def made_of(transcript: Transcript | None, words: WordList) -> list[Suggestion] | None:
    """What the words of a call speak for; None where there are none yet, or it failed."""
    said = _said(transcript)
    if transcript is None or said is None:
        return None
    try:
        return suggest(words, said)
    except Exception as error:
        # The edge: a mistake in here must not cost anybody their ticket.
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "suggestions_failed", call_id=transcript.call_id, error=type(error).__name__,
            where=f"{where.filename}:{where.lineno}",
        )  # fmt: skip
        return None


async def keep_suggestions(
    session: AsyncSession, ticket: Ticket, transcript: Transcript | None,
    made: list[Suggestion] | None, words: WordList,
) -> None:  # fmt: skip
    """Within the ticket's transaction; an error takes back what is written here and no more."""
    if _said(transcript) is None:
        return
    made = made or made_of(transcript, words)  # it may have come since
    call_id = ticket.call_id
    try:
        with told_as_away():
            async with session.begin_nested():
                await _keep(session, ticket, made, words)
    except (SQLAlchemyError, ValueError) as error:
        # Its kind alone: the rows that were refused hold words of the call.
        log.error("suggestions_not_kept", call_id=call_id, error=type(error).__name__)


async def _keep(
    session: AsyncSession, ticket: Ticket, made: list[Suggestion] | None, words: WordList
) -> None:
    if made is None:
        fact = SuggestionsFailed(at=now(), call_id=ticket.call_id, ticket_id=ticket.ticket_id)
        await journal.append(session, fact)
        return
    times = await earlier_tickets(session, ticket)
    if times and REPEATED in words.topics:
        made = repeated(made, times, words.topics[REPEATED].name)
    await keep(session, ticket, made, words.stamp)


def _said(transcript: Transcript | None) -> Sequence[tuple[str, str]] | None:
    timeline = transcript.spoken() if transcript is not None else None
    return None if timeline is None else [(u.role, u.text) for u in timeline.utterances]
