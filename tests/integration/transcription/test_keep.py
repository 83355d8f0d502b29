"""A transcript is kept once, with its fact, in one transaction; on both databases."""

import asyncio

import pytest
from pydantic import ValidationError

from store import journal
from store.database import Database
from transcription.keep import keep_failure, keep_transcript, transcript_of
from transcription.words import Timeline, Utterance, Word

CALL = "pbx-1764000000.12"
WORDS = (
    Word(text="您好", start=0.5, end=0.9, confidence=0.9),
    Word(text="请", start=1.0, end=1.2, confidence=0.8),
)
SAID = Utterance(leg_id="leg-1", role="citizen", start=0.5, end=1.2, text="您好请", words=WORDS)
TIMELINE = Timeline(
    utterances=(SAID,), engine="vosk", model="m", why="测试。", language="zh",
    seconds_audio=12.0, seconds_spent=1.5,
)  # fmt: skip


async def kinds(database: Database) -> list[str]:
    async with database.reading() as session:
        return [row.kind for row in await journal.after(session, 0, 100)]


async def test_kept_once_with_its_fact(database: Database) -> None:
    async with database.transaction() as session:
        assert await keep_transcript(session, CALL, TIMELINE)
    async with database.transaction() as session:
        assert not await keep_transcript(session, CALL, TIMELINE)

    async with database.reading() as session:
        kept = await transcript_of(session, CALL)
        [row] = await journal.after(session, 0, 100)
    assert kept is not None and kept.state == "done" and kept.spoken() == TIMELINE
    assert (kept.engine, kept.model, kept.why, kept.seconds_spent) == ("vosk", "m", "测试。", 1.5)
    assert (row.kind, row.call_id, row.data["words"]) == ("TranscriptMade", CALL, 2)
    assert "您好" not in str(row.data)


async def test_one_of_more_sound_replaces_it(database: Database) -> None:
    """
    12 s of sound  | kept
    the same again | not
    30 s           | kept instead
    12 s, late     | not
    """
    longer = TIMELINE.model_copy(update={"seconds_audio": 30.0})
    kept = []
    for timeline in (TIMELINE, TIMELINE, longer, TIMELINE):
        async with database.transaction() as session:
            kept.append(await keep_transcript(session, CALL, timeline))
    assert kept == [True, False, True, False]
    async with database.reading() as session:
        row = await transcript_of(session, CALL)
    assert row is not None and row.spoken() == longer
    assert await kinds(database) == ["TranscriptMade", "TranscriptMade"]


async def test_tries_that_fail_and_one_that_works(database: Database) -> None:
    #  attempt | result             | fact
    #     1    | ModelUnusable      | TranscriptFailed
    #     1    | the same, again    | -
    #     2    | TrackUnreadable    | TranscriptFailed
    #     3    | done               | TranscriptMade
    #     2    | a late failure     | -
    async with database.transaction() as session:
        assert await keep_failure(session, CALL, "ModelUnusable", 1)
    async with database.transaction() as session:
        assert not await keep_failure(session, CALL, "ModelUnusable", 1)
    async with database.transaction() as session:
        assert await keep_failure(session, CALL, "TrackUnreadable", 2)
    async with database.reading() as session:
        failed = await transcript_of(session, CALL)
    assert failed is not None
    assert (failed.state, failed.error, failed.spoken()) == ("failed", "TrackUnreadable", None)

    async with database.transaction() as session:
        assert await keep_transcript(session, CALL, TIMELINE)
    async with database.transaction() as session:
        assert not await keep_failure(session, CALL, "late", 4)

    async with database.reading() as session:
        done = await transcript_of(session, CALL)
    assert done is not None and (done.state, done.error) == ("done", None)
    assert await kinds(database) == ["TranscriptFailed", "TranscriptFailed", "TranscriptMade"]


async def test_a_rolled_back_transaction_leaves_neither(database: Database) -> None:
    with pytest.raises(RuntimeError, match="power"):
        async with database.transaction() as session:
            await keep_transcript(session, CALL, TIMELINE)
            raise RuntimeError("power cut")

    async with database.reading() as session:
        assert await transcript_of(session, CALL) is None
    assert await kinds(database) == []


async def test_two_workers_at_once_keep_one(database: Database) -> None:
    both_began = asyncio.Barrier(2)

    async def keep() -> bool:
        await both_began.wait()
        async with database.transaction() as session:
            return await keep_transcript(session, CALL, TIMELINE)

    assert sorted(await asyncio.gather(keep(), keep())) == [False, True]
    assert await kinds(database) == ["TranscriptMade"]


def test_a_word_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValidationError):
        Word(text="字", start=2, end=1, confidence=1)
