"""Room hotline: dead work is offered again; facts whose rows were given up change them now.

A fact itself lies in the main journal; the numbers beside it only in its node's. So
this runs on the node's machine. Later facts of the same call follow again: they found
no row to change the first time.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.commands.facts import ProjectionRedone, WorkOfferedAgain
from hotline.owed.tables import OwedWork
from store import journal
from store.base import now
from store.database import Database
from store.facts import ProjectionFailed, UnknownFact
from store.forwarder import Projector
from store.late import write_late_rows
from store.node_journal import StoredEntry
from store.tables import FactRow

_ENTRIES = (
    "SELECT number, kind, at, call_id, ticket_id, data, private FROM entry"
    " WHERE number >= ? AND number <= ? AND call_id IS ? ORDER BY number"
)


@dataclass(frozen=True)
class Redone:
    """How it went with one given-up fact; `error` is empty where all is well now."""

    kind: str
    call_id: str | None
    number: int
    error: str = ""


async def offer_again(database: Database, call_id: str, stage: str, by: str) -> int:
    """Dead work of one call, or of all; of one stage, or of all. How much that was."""
    query = select(OwedWork).where(OwedWork.state == "dead")
    if call_id:
        query = query.where(OwedWork.call_id == call_id)
    if stage:
        query = query.where(OwedWork.stage == stage)
    async with database.transaction() as session:
        await journal.take_turn(session)
        rows = list(await session.scalars(query))
        for row in rows:
            row.state, row.attempts, row.not_before = "owed", 0, now()
            row.lease_owner = row.lease_until = None
            fact = WorkOfferedAgain(at=now(), call_id=row.call_id, stage=row.stage, by=by)
            await journal.append(session, fact)
    return len(rows)


async def given_up(session: AsyncSession, node: str) -> list[ProjectionFailed]:
    """Facts of this node that never changed their rows, oldest first."""
    kinds = (ProjectionFailed.kind, ProjectionRedone.kind)
    rows = await session.scalars(
        select(FactRow).where(FactRow.kind.in_(kinds)).order_by(FactRow.number)
    )
    failed: dict[int, ProjectionFailed] = {}
    for row in rows:
        if row.data["node"] != node:
            continue
        number = int(row.data["node_number"])
        if row.kind == ProjectionRedone.kind:
            failed.pop(number, None)
        else:
            failed[number] = ProjectionFailed(at=row.at, call_id=row.call_id, **row.data)
    return list(failed.values())


async def redo(
    database: Database, journal_file: Path, node: str, project: Projector
) -> list[Redone]:
    """Each given-up fact of this node, one transaction each."""
    async with database.reading() as session:
        failed = await given_up(session, node)
        reached = await _reached(session, node)
    return [await _redo_one(database, journal_file, fact, reached, project) for fact in failed]


async def _reached(session: AsyncSession, node: str) -> int:
    found = await session.scalar(
        select(FactRow.node_number)
        .where(FactRow.node == node)
        .order_by(FactRow.node_number.desc())
        .limit(1)
    )
    return found or 0


async def _redo_one(
    database: Database,
    journal_file: Path,
    failed: ProjectionFailed,
    reached: int,
    project: Projector,
) -> Redone:
    entries = _entries(journal_file, failed, reached)
    if not entries or entries[0].number != failed.node_number:
        return Redone(failed.kind_of, failed.call_id, failed.node_number, "not in the node journal")
    try:
        async with database.transaction() as session:
            await journal.take_turn(session)
            await project(session, entries[0].fact, entries[0].private)
            await write_late_rows(session)
            for entry in entries[1:]:
                await _follow(session, entry, project)
            await journal.append(
                session,
                ProjectionRedone(
                    at=now(), call_id=failed.call_id, kind_of=failed.kind_of, node=failed.node,
                    node_number=failed.node_number,
                ),
            )  # fmt: skip
    except Exception as error:
        # The edge: whatever it is, it is told and the next one is tried.
        return Redone(failed.kind_of, failed.call_id, failed.node_number, type(error).__name__)
    return Redone(failed.kind_of, failed.call_id, failed.node_number)


async def _follow(session: AsyncSession, entry: StoredEntry, project: Projector) -> None:
    """A later fact of the same call; one whose row was made the first time is left at that."""
    try:
        async with session.begin_nested():
            await project(session, entry.fact, entry.private)
            await write_late_rows(session)
    except (IntegrityError, UnknownFact):
        return


def _entries(file: Path, failed: ProjectionFailed, reached: int) -> Sequence[StoredEntry]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as node:
        rows = node.execute(_ENTRIES, (failed.node_number, reached, failed.call_id)).fetchall()
    return [
        StoredEntry(
            number, kind, datetime.fromisoformat(at), call_id, ticket_id, json.loads(data),
            json.loads(private),
        )
        for number, kind, at, call_id, ticket_id, data, private in rows
    ]  # fmt: skip
