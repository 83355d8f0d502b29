"""Room hotline: everything the main database knows of one call, gathered for `call show`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.tickets.tables import Ticket
from hotline.commands.facts import NumbersRevealed
from hotline.owed.tables import OwedWork
from recording.tables import Recording, Track
from store import journal
from store.base import now
from store.database import Database
from store.journal import JournalRow
from telephony.tables import Connect, Leg, PhoneCall
from transcription.tables import Transcript

MOST_FACTS = 5000

# A call and the numbers of its tickets.
Line = tuple[PhoneCall, str]


class NoSuchCall(LookupError):
    """Neither a call nor a ticket is called so."""


@dataclass(frozen=True)
class Step:
    """One stage of a call: when it was reached and how long after the one before."""

    name: str
    at: datetime | None
    seconds: float | None


@dataclass(frozen=True)
class CallStory:
    """Rows of every room, all about one call."""

    call: PhoneCall
    legs: Sequence[Leg]
    connects: Sequence[Connect]
    recordings: Sequence[tuple[Recording, Sequence[Track]]]
    transcript: Transcript | None
    tickets: Sequence[Ticket]
    owed: Sequence[OwedWork]
    facts: Sequence[JournalRow]

    def steps(self) -> list[Step]:
        """What each stage cost in time; stages not reached yet have none."""
        first = {fact.kind: fact.at for fact in reversed(self.facts)}
        joined = min((c.joined_at for c in self.connects if c.joined_at), default=None)
        moments = [
            ("来电 / rings", self.call.started_at),
            ("接起 / answered", self.call.answered_at),
            ("话务员接听 / operator", self.call.operator_at),
            ("三方 / joined", joined),
            ("通话结束 / ended", self.call.ended_at),
            ("录音封存 / sealed", first.get("recording_sealed")),
            ("转写完成 / transcript", first.get("TranscriptMade")),
            ("工单 / ticket", first.get("ticket_opened")),
        ]  # fmt: skip
        found, before = [], self.call.started_at
        for name, at in moments:
            found.append(Step(name, at, (at - before).total_seconds() if at else None))
            before = at or before
        return found


async def newest_calls(session: AsyncSession, limit: int, *, live: bool) -> list[Line]:
    """The newest calls first."""
    query = select(PhoneCall).order_by(PhoneCall.started_at.desc()).limit(limit)
    if live:
        query = query.where(PhoneCall.stage == "live")
    calls = list(await session.scalars(query))
    ids = [call.call_id for call in calls]
    tickets = list(await session.scalars(select(Ticket).where(Ticket.call_id.in_(ids))))
    return [
        (call, " ".join(t.number for t in tickets if t.call_id == call.call_id)) for call in calls
    ]


async def revealed(database: Database, call_ids: Sequence[str], by: str) -> None:
    """Write down who had whose numbers shown."""
    async with database.transaction() as session:
        for call_id in call_ids:
            await journal.append(session, NumbersRevealed(at=now(), call_id=call_id, by=by))


async def call_id_of(session: AsyncSession, name: str) -> str:
    """The call id behind a call id or a ticket number. `NoSuchCall`."""
    if await session.get(PhoneCall, name) is not None:
        return name
    found = await session.scalar(select(Ticket.call_id).where(Ticket.number == name.upper()))
    if found is None:
        raise NoSuchCall(name)
    return found


async def read_story(session: AsyncSession, call_id: str) -> CallStory:
    """Everything about one call, from one moment of the database."""
    recordings = await session.scalars(
        select(Recording).where(Recording.call_id == call_id).order_by(Recording.part)
    )
    return CallStory(
        call=await session.get_one(PhoneCall, call_id),
        legs=list(
            await session.scalars(
                select(Leg).where(Leg.call_id == call_id).order_by(Leg.started_at, Leg.leg_id)
            )
        ),
        connects=list(
            await session.scalars(
                select(Connect).where(Connect.call_id == call_id).order_by(Connect.asked_at)
            )
        ),
        recordings=[(row, await _tracks(session, row.recording_id)) for row in recordings],
        transcript=await session.get(Transcript, call_id),
        tickets=list(
            await session.scalars(
                select(Ticket).where(Ticket.call_id == call_id).order_by(Ticket.matter)
            )
        ),
        owed=list(
            await session.scalars(
                select(OwedWork).where(OwedWork.call_id == call_id).order_by(OwedWork.owed_since)
            )
        ),
        facts=await journal.after(session, 0, MOST_FACTS, call_id=call_id),
    )  # fmt: skip


async def _tracks(session: AsyncSession, recording_id: str) -> list[Track]:
    tracks = await session.scalars(
        select(Track).where(Track.recording_id == recording_id).order_by(Track.offset_ms)
    )
    return list(tracks)
