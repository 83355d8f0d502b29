"""Room hotline/health: commands that the controller before this one took and never answered.

It was replaced or killed between taking and answering. Nothing is started a second time:
a connect whose request is in the journal goes on by itself and is done, all else is
unknown, and whoever asked looks and asks again.
"""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy import select

from store.base import now
from store.database import Database, DatabaseAway
from telephony import facts as f
from telephony.registry import Registry
from telephony.tables import Command

log = structlog.get_logger()

LOOK_SECONDS = 0.5
REASON = "controller_replaced"


async def answer_in_doubt(registry: Registry, database: Database) -> int:
    """Once the main database knows all that was written before this start; how many they were."""
    began, written = now(), registry.journal.newest
    while registry.journal.forwarded < written:
        await asyncio.sleep(LOOK_SECONDS)
    while True:
        try:
            commands = await _taken_before(database, registry.node, began)
            break
        except DatabaseAway:
            await asyncio.sleep(LOOK_SECONDS)
    for command in commands:
        answer = _answer(registry, command)
        if registry.record(answer, key=f"in_doubt:{command.command_id}"):
            log.warning("command_in_doubt", call_id=command.call_id, answer=answer.kind)
    return len(commands)


async def _taken_before(database: Database, node: str, began: datetime) -> list[Command]:
    async with database.reading() as session:
        rows = await session.scalars(
            select(Command).where(
                Command.node == node, Command.state == "doing", Command.changed_at < began
            )
        )
        return list(rows)


def _answer(registry: Registry, command: Command) -> f.CommandDone | f.CommandUnknown:
    request_id = f"c{command.command_id[:20]}"
    call_id = command.call_id
    asked = call_id is not None and any(
        isinstance(entry.fact, f.ConnectAsked) and entry.fact.request_id == request_id
        for entry in registry.journal.entries_of_call(call_id)
        if entry.kind == f.ConnectAsked.kind
    )
    common = {
        "at": now(), "call_id": call_id, "command_id": command.command_id, "command": command.kind,
    }  # fmt: skip
    if asked:
        return f.CommandDone(**common)
    return f.CommandUnknown(**common, reason=REASON)
