"""Beginnings and looks that the stories about flows share."""

import asyncio
from datetime import datetime
from pathlib import Path

from casework.tickets.life import Terms
from casework.tickets.open import TicketDraft, open_ticket
from simulator import ears
from simulator.person import Person
from store.base import now
from store.journal import JournalRow
from telephony.ivr.prompts import OF_THE_REPOSITORY
from tests.e2e.stage import Stage, until


def written(stage: Stage, text: str) -> Path:
    """A flow's file with this text."""
    path = stage.settings.data_dir / "new.yaml"
    path.write_text(text, "utf-8")
    return path


async def dial_and_press(
    person: Person, *keys: str, after: float = 1.0, then: str = "silent"
) -> None:
    """Dials and, in the middle of the notice, presses; each further one once it is asked for."""
    await person.dial()
    await person.until_talking()
    for one in keys:
        await asyncio.sleep(after)  # a person's own time; a key takes 0.3 s to be sent
        await person.press(one, then=then)


async def in_flow(stage: Stage, kind: str, **wanted: object) -> JournalRow:
    """The first fact of a kind with these fields, once it is there."""

    async def found() -> JournalRow | None:
        rows = await stage.facts(kind)
        return next(
            (r for r in rows if wanted.items() <= {**r.data, "call_id": r.call_id}.items()), None
        )

    row = await until(found, 20, f"{kind} {wanted}")
    assert isinstance(row, JournalRow)
    return row


async def way(stage: Stage, call_id: str) -> list[str]:
    """The nodes a caller came by."""
    return [r.data["node"] for r in await stage.facts("flow_node_entered") if r.call_id == call_id]


def likeness(person: Person, prompt: str, language: str = "zh", heard: int = -1) -> float:
    """How like this prompt is anything they heard in their last (or another) conversation."""
    spoken = ears.track_file(OF_THE_REPOSITORY / language / f"{prompt}.wav", 0).samples
    return ears.likeness(ears.heard_file(person.heard()[heard]), spoken)


async def given_ticket(stage: Stage, status: str = "open") -> str:
    """A ticket of an earlier call; its number."""
    draft = TicketDraft(
        call_id=f"earlier-{status}", kind="call", called_at=now(), caller_number="13800000001",
        title="路灯", body="", who_spoke=[], units=[], has_transcript=False, transcript_note="",
        recording_folder=None, recording_sha256=None, has_gap=False, line_broke=False,
    )  # fmt: skip
    async with stage.database.transaction() as session:
        ticket = await open_ticket(session, draft, Terms())
        ticket.status = status
        return str(ticket.number)


def typed(number: str) -> str:
    """A ticket's number as a caller types it."""
    return number.removeprefix("PT").replace("-", "")


def seconds_between(first: datetime, second: datetime) -> float:
    return (second - first).total_seconds()
