"""Room transcription: keep a result, once, with its fact in the same transaction."""

from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from store import journal
from store.base import now
from transcription.facts import TranscriptFailed, TranscriptMade
from transcription.tables import Transcript
from transcription.words import Timeline


async def keep_transcript(session: AsyncSession, call_id: str, timeline: Timeline) -> bool:
    """Keep it; False when the call has its transcript already (a repeated job).

    One of more sound replaces it: a part of the recording came later.
    """
    row = await _locked_row(session, call_id)
    if row.state == "done" and timeline.seconds_audio <= (row.seconds_audio or 0.0):
        return False
    at = now()
    row.state, row.error, row.made_at = "done", None, at
    row.engine, row.model = timeline.engine, timeline.model
    row.why, row.language = timeline.why, timeline.language
    row.seconds_audio, row.seconds_spent = timeline.seconds_audio, timeline.seconds_spent
    row.timeline = timeline.model_dump(mode="json")
    fact = TranscriptMade(
        at=at,
        call_id=call_id,
        engine=timeline.engine,
        model=timeline.model,
        words=timeline.word_count(),
        seconds_audio=timeline.seconds_audio,
        seconds_spent=timeline.seconds_spent,
    )
    await journal.append(session, fact)
    return True


async def keep_failure(session: AsyncSession, call_id: str, reason: str, attempt: int) -> bool:
    """Note a failed try (`attempt` from 1); False for a known one or a call already done."""
    row = await _locked_row(session, call_id)
    if row.state == "done" or row.attempts >= attempt:
        return False
    at = now()
    row.error, row.made_at, row.attempts = reason, at, attempt
    fact = TranscriptFailed(at=at, call_id=call_id, reason=reason, attempt=attempt)
    await journal.append(session, fact)
    return True


async def transcript_of(session: AsyncSession, call_id: str) -> Transcript | None:
    """What is kept of this call, if anything."""
    return await session.get(Transcript, call_id)


async def _locked_row(session: AsyncSession, call_id: str) -> Transcript:
    """The call's row, made where it is missing and locked against other workers."""
    wanted = select(Transcript).where(Transcript.call_id == call_id).with_for_update()
    row = await session.scalar(wanted.execution_options(populate_existing=True))
    if row is not None:
        return row
    with suppress(IntegrityError):  # another worker may make it between the two statements
        async with session.begin_nested():
            session.add(Transcript(call_id=call_id, state="failed", made_at=now(), attempts=0))
    return (await session.scalars(wanted.execution_options(populate_existing=True))).one()
