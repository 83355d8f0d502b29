"""Room hotline/work: the two stages after the seal: transcribe, open the ticket."""

import asyncio
from dataclasses import replace
from pathlib import Path
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.suggestions.reading import own_words
from casework.suggestions.words import WordList
from casework.tickets.life import Terms
from casework.tickets.open import TicketDraft, open_ticket
from casework.tickets.title import title_of
from hotline.owed.ledger import TICKET, TRANSCRIBE, Leased, finish, owe
from hotline.settings import Settings
from hotline.work.suggesting import keep_suggestions, suggested
from recording.facts import RecordingGap
from recording.tables import Recording, Track
from store import journal
from store.database import Database
from store.facts import Fact
from store.tables import FactRow
from telephony.dialplan import PROBE
from telephony.facts import ClockStepped
from telephony.roles import Mode, Role
from telephony.tables import Connect, Leg, PhoneCall
from transcription.keep import keep_failure, keep_transcript
from transcription.models import Choice, ModelSettings, choose_engine
from transcription.tables import Transcript
from transcription.timeline import TrackAudio
from transcription.worker import transcribe_call


class Transcribing:
    """Keeps the one loaded model of this process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._choice: Choice | None = None
        self._lock = Lock()

    async def do(self, database: Database, work: Leased) -> None:
        """Decode the call's sealed tracks; the transcript, the next stage: one transaction."""
        try:
            await self._do(database, work)
        except Exception as error:
            # Written where the ticket can say it; the worker itself decides on the next try.
            async with database.transaction() as session:
                await keep_failure(session, work.call_id, type(error).__name__, work.attempt)
            raise

    async def _do(self, database: Database, work: Leased) -> None:
        async with database.reading() as session:
            tracks = await self._tracks(session, work.call_id)
        choice = await asyncio.to_thread(self._chosen)
        timeline = await asyncio.to_thread(transcribe_call, tracks, choice.engine, choice.why)
        async with database.transaction() as session:
            await keep_transcript(session, work.call_id, timeline)
            await owe(session, work.call_id, TICKET, again=True)
            await finish(session, work)
            await session.flush()
            # Looked at after the row is ours: a part that comes from now on owes this work anew.
            if len(await self._tracks(session, work.call_id)) > len(tracks):
                await owe(session, work.call_id, TRANSCRIBE, again=True)

    async def _tracks(self, session: AsyncSession, call_id: str) -> list[TrackAudio]:
        rows = await session.execute(
            select(Recording, Track)
            .join(Track, Track.recording_id == Recording.recording_id)
            .where(Recording.call_id == call_id)
            .order_by(Recording.part)
        )
        found = rows.all()

        def offset_ms(recording: Recording, track: Track) -> int:
            # A later part counts from its own first track, a transcript from the first part's.
            later = recording.clock_start - found[0][0].clock_start
            return track.offset_ms + round(later.total_seconds() * 1000)

        return [
            TrackAudio(
                track.leg_id, track.role,
                Path(self._settings.archive) / recording.folder / track.file,
                offset_ms(recording, track),
            )
            for recording, track in found
        ]  # fmt: skip

    def _chosen(self) -> Choice:
        with self._lock:
            if self._choice is None:
                self._choice = choose_engine(model_settings(self._settings))
            return self._choice


def model_settings(settings: Settings) -> ModelSettings:
    """What transcription needs to know to choose its engine."""
    more = {"download_url": settings.model_url} if settings.model_url else {}
    return ModelSettings(
        models_dir=settings.models, folder=settings.model_dir,
        download_sha256=settings.model_sha256 or None, **more,
    )  # fmt: skip


async def open_call_ticket(
    database: Database, work: Leased, words: WordList | None = None, terms: Terms | None = None
) -> None:
    """Open the call's first matter, or give it the transcript that has come since."""
    words = words or own_words()
    suggestions = await suggested(database, work.call_id, words)
    async with database.transaction() as session:
        # Before anything is read: what comes after that (a transcript) then owes this work anew.
        await journal.take_turn(session)
        call = await session.get_one(PhoneCall, work.call_id)
        if call.direction == "out" and call.talked_at is None:
            # Rung back in vain: the ring-back says so, and nothing was said.
            await finish(session, work)
            return
        legs = await session.scalars(
            select(Leg)
            .where(Leg.call_id == work.call_id, Leg.answered_at.is_not(None))
            .order_by(Leg.answered_at)
        )
        recording = await session.scalar(
            select(Recording)
            .where(Recording.call_id == work.call_id)
            .order_by(Recording.part)
            .limit(1)
        )
        units = await session.scalars(
            select(func.coalesce(Connect.joined_unit, Connect.unit_id)).where(
                Connect.call_id == work.call_id, Connect.joined_at.is_not(None)
            )
        )
        transcript = await session.get(Transcript, work.call_id)
        has_gap = await _has_fact(session, work.call_id, RecordingGap)
        draft = draft_of(call, list(legs), list(units), recording, transcript, has_gap=has_gap)
        if await _has_fact(session, work.call_id, ClockStepped):
            draft = replace(draft, transcript_note=draft.transcript_note + _STEPPED)
        ticket = await open_ticket(session, draft, terms or Terms())
        if draft.kind == PROBE:  # nobody's matter: there to be seen, not to be worked on
            ticket.status, ticket.due_at = "closed", None
        await keep_suggestions(session, ticket, transcript, suggestions, words)
        await finish(session, work)


async def _has_fact(session: AsyncSession, call_id: str, fact: type[Fact]) -> bool:
    told = (FactRow.call_id == call_id) & (FactRow.kind == fact.kind)
    return await session.scalar(select(FactRow.number).where(told).limit(1)) is not None


def draft_of(
    call: PhoneCall, legs: list[Leg], units: list[str], recording: Recording | None,
    transcript: Transcript | None, *, has_gap: bool = False,
) -> TicketDraft:  # fmt: skip
    """A ticket as the call itself tells it."""
    timeline = transcript.spoken() if transcript is not None else None
    utterances = timeline.utterances if timeline is not None else ()
    citizen = [u.text for u in utterances if u.role == "citizen"]
    note = transcript.why if transcript is not None and timeline is not None else None
    error = transcript.error if transcript is not None else None
    unrecorded = "没有录音" if has_gap else "录音尚未封存，或通话太短没有录到声音"
    waits_for = error or ("等待中" if recording else unrecorded)
    return TicketDraft(
        call_id=call.call_id, kind=_kind(call), called_at=call.started_at,
        caller_number=call.caller_number, title=title_of(citizen) or _UNTITLED[_kind(call)],
        # What a supervisor whispered to the operator is no part of the citizen's matter.
        body="\n".join(
            f"{SPEAKERS.get(u.role, u.role)}：{u.text}"
            for u in utterances
            if u.role != "supervisor"
        ),
        who_spoke=list(dict.fromkeys(leg.role for leg in legs if _took_part(leg))), units=units,
        has_transcript=timeline is not None,
        transcript_note=note or _note(waits_for, recording is not None or not has_gap),
        recording_folder=recording.folder if recording else None,
        recording_sha256=recording.manifest_sha256 if recording else None,
        has_gap=has_gap or bool(recording and recording.has_gap), line_broke=call.line_broke,
        links={
            "call": f"/api/v1/calls/{call.call_id}",
            "recording": f"/api/v1/calls/{call.call_id}/recording",
            "replay": f"/replay/{call.call_id}",
        },
    )  # fmt: skip


def _note(waits_for: str, may_come: bool) -> str:
    if not may_come:
        return f"无转写（{waits_for}，录音不完整）。"
    return f"转写尚未完成（{waits_for}），完成后自动补入。"


def _took_part(leg: Leg) -> bool:
    """A supervisor who listened, or whispered to the operator, did not."""
    return leg.role != Role.SUPERVISOR or leg.mode == Mode.BARGE


SPEAKERS = {
    "citizen": "来电人", "operator": "话务员", "liaison": "联络员", "petition": "信访专员",
    "emergency": "应急接警员",
    "leader": "值班领导",
}  # fmt: skip
_STEPPED = "通话中系统时钟被拨动：时刻可能不准，录音仍按先后对齐。"
_UNTITLED = {
    "call": "市民来电", "message": "市民留言", "abandoned": "市民来电（未接通）", PROBE: "拨测",
}  # fmt: skip


def _kind(call: PhoneCall) -> str:
    if call.called == PROBE:
        return PROBE
    if call.left_message:
        return "message"
    # Whom a flow gave to somebody outside has talked without an operator.
    return "call" if call.operator_at or call.talked_at else "abandoned"
