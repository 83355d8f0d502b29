"""Each call of the carrier's list beside what the hotline has of it: row, ticket, recording."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.tickets.tables import Ticket
from hotline.owed.tables import OwedWork
from recording.tables import Recording, Track
from telephony.tables import Leg, PhoneCall
from tests.soak.lines import Line, Lines
from tests.soak.people import RATE
from tests.soak.world import World

WINDOW = RATE // 50  # 20 ms
# A hum of amplitude 110 has an RMS of 78; what is filled in where packets are missing has 0.
HUM_RMS = 25.0
STEP = 0.02
# How exactly the carrier's events tell when somebody came and went.
EDGE_SECONDS = 0.15
KEY_SECONDS = 0.45
# Until the carrier has carried out that somebody sends nothing, or sends again.
LINE_SECONDS = 0.5

Span = tuple[float, float]


@dataclass(frozen=True)
class Talk:
    """Somebody on the line, by the carrier."""

    role: str
    begins: float
    ends: float


@dataclass(frozen=True)
class Placed:
    """A sealed track on the clock."""

    path: Path
    starts_at: float


async def judge(world: World, lines: Lines) -> None:
    """Write a line `judged` for every call that has none yet."""
    known = {line["number"] for line in lines.read("judged")}
    talks, losses = lines.read("talks"), lines.read("losses")
    deaths = [line["began"] for line in lines.read("faults") if line["fault"] == "Asterisk killed"]
    for call in lines.read("calls"):
        if call["number"] in known:
            continue
        async with world.database.reading() as session:
            found = await _judged(session, world, call, talks, losses, deaths)
        lines.write("judged", number=call["number"], **found)


async def _judged(
    session: AsyncSession, world: World, call: Line, talks: Sequence[Line],
    losses: Sequence[Line], deaths: list[float],
) -> dict[str, Any]:  # fmt: skip
    dialled = datetime.fromtimestamp(call["dialled"], UTC)
    row = await session.scalar(
        select(PhoneCall).where(
            PhoneCall.caller_number == call["citizen"],
            PhoneCall.started_at > dialled - timedelta(seconds=1),
            PhoneCall.started_at < dialled + timedelta(seconds=16),
        )
    )
    if row is None:
        return {"call_id": None, "tickets": 0, "owed": False, "legs": []}
    tickets = await session.scalar(
        select(func.count()).select_from(Ticket).where(Ticket.call_id == row.call_id)
    )
    owed = await session.scalar(
        select(func.count())
        .select_from(OwedWork)
        .where(OwedWork.call_id == row.call_id, OwedWork.state == "owed")
    )
    tracks = list(
        await session.execute(
            select(Recording, Track)
            .join(Track, Track.recording_id == Recording.recording_id)
            .where(Recording.call_id == row.call_id)
        )
    )
    legs = await session.scalars(
        select(Leg).where(Leg.call_id == row.call_id, Leg.answered_at.is_not(None))
    )
    judged = []
    for leg in legs:
        talk = _talk_of(leg, call, talks, deaths)
        if talk is None:
            continue
        files = [
            Placed(
                world.settings.archive / r.folder / t.file,
                r.clock_start.timestamp() + t.offset_ms / 1000,
            )
            for r, t in tracks
            if t.leg_id == leg.leg_id
        ]
        missing = await asyncio.to_thread(missing_spans, talk, files)
        if leg.role == "liaison" and call["joined"] is not None:
            # A phone is silent while it sends its key.
            missing = [m for m in missing if m[1] > KEY_SECONDS or not _at_key(m, call["joined"])]
        number = call["citizen"] if leg.role == "citizen" else leg.number or leg.channel
        lost = _losses_of(number, talk, losses)
        silent, rest = split(missing, lost)
        judged.append(
            {"role": leg.role, "talk": talk.ends - talk.begins, "files": len(files),
             "missing": rest, "unsent": [end - begin for begin, end in lost], "silent": silent}
        )  # fmt: skip
    return {
        "call_id": row.call_id, "stage": row.stage, "line_broke": row.line_broke,
        "operator": row.operator_at is not None, "message": row.left_message,
        "tickets": int(tickets or 0), "owed": bool(owed), "sealed": bool(tracks), "legs": judged,
    }  # fmt: skip


def _losses_of(number: str, talk: Talk, losses: Sequence[Line]) -> list[Span]:
    """(begin, end) of each time this person sent no packet while on the line."""
    return [
        (max(loss["from"], talk.begins), min(loss["to"], talk.ends))
        for loss in losses
        if loss["role"] == talk.role and loss["number"] in number
        and loss["from"] < talk.ends and loss["to"] > talk.begins
    ]  # fmt: skip


def split(missing: Sequence[Span], windows: Sequence[Span]) -> tuple[list[float], list[Span]]:
    """How long each time of sending nothing is in the track, and what is missing beside it.

    On a busy machine the carrier carries it out late: its place may be off, its length not.
    """
    silent, rest = [0.0] * len(windows), []
    for begin, seconds in missing:
        mine = [
            number
            for number, (since, until) in enumerate(windows)
            if begin < until + LINE_SECONDS and begin + seconds > since - LINE_SECONDS
        ]
        if not mine:
            rest.append((begin, seconds))
            continue
        silent[mine[0]] += seconds
    for number, (since, until) in enumerate(windows):
        more = silent[number] - (until - since)
        if more > LINE_SECONDS:
            rest.append((until, round(more, 3)))
    return silent, rest


def _at_key(span: tuple[float, float], joined: float) -> bool:
    return joined - 2.0 < span[0] < joined + 2.0


def _talk_of(leg: Leg, call: Line, talks: Sequence[Line], deaths: list[float]) -> Talk | None:
    """When this leg's person was on the line, by the carrier's own clock of events."""
    if leg.role == "citizen":
        if call["answered"] is None:
            return None
        begins, ends = call["answered"], call["over"]
    else:
        assert leg.answered_at is not None
        answered = leg.answered_at.timestamp()
        mine = [t for t in talks if t["role"] == leg.role and abs(t["from"] - answered) < 2.0
                and t["number"] in (leg.number or leg.channel)]  # fmt: skip
        if not mine:
            return None
        begins, ends = mine[0]["from"], mine[0]["to"]
    # After a kill of Asterisk the receiver was still held for a moment: silence, no talk.
    ends = min([ends, *(death for death in deaths if begins < death < ends)])
    return Talk(leg.role, begins, ends)


def missing_spans(talk: Talk, files: Sequence[Placed]) -> list[tuple[float, float]]:
    """(epoch second, seconds) of each time this person's voice is in none of their tracks."""
    heard = np.zeros(max(1, round((talk.ends - talk.begins) / STEP)), dtype=bool)
    for file in files:
        there = _hum(file.path)
        first = round((file.starts_at - talk.begins) / STEP)
        begin, end = max(0, first), min(len(heard), first + len(there))
        if begin < end:
            heard[begin:end] |= there[begin - first : end - first]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], ~heard, [False])).astype(np.int8)))
    found = []
    for start, end in edges.reshape(-1, 2):
        at_an_edge = start == 0 or end == len(heard)
        if (end - start) * STEP > (EDGE_SECONDS if at_an_edge else 0):
            found.append((talk.begins + float(start) * STEP, round(float(end - start) * STEP, 3)))
    return found


def _hum(path: Path) -> NDArray[np.bool_]:
    """For each 20 ms of a track: is the voice there?"""
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    whole = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW).astype(np.float64)
    loud: NDArray[np.bool_] = np.sqrt((whole**2).mean(axis=1)) > HUM_RMS
    return loud
