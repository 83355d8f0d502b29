"""Room api: the live feed. First a snapshot, then numbered facts; resume after any number.

→ {"token": "…", "after": null}
← {"type": "snapshot", "number": 41, "calls": […], "operators": […]}
← {"type": "fact", "number": 42, "kind": "leg_moved", …}
"""

import asyncio
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ValidationError
from sqlalchemy import select

from api.accounts import Who, who_is
from api.parts import ApiParts
from api.permissions import MATRIX, Role
from api.routes.calls import CallView
from api.routes.desk import OperatorView
from store import journal
from store.database import DatabaseAway
from store.journal import JournalRow
from telephony.tables import Operator, PhoneCall

router = APIRouter(tags=["feed"])

LOOK_SECONDS = 0.2
SEND_SECONDS = 5.0
# Close codes of our own (4000-4999).
NOT_SIGNED_IN, NOT_PERMITTED, BAD_HELLO, TOO_SLOW = 4401, 4403, 4400, 4408
# What only those hear about who watch over others.
FOR_AUDIT = frozenset({"recording_opened", "signed_in", "sign_in_refused", "signed_out"})
AUDITS = frozenset({Role.AUDITOR, Role.ADMIN})


class Hello(BaseModel):
    token: str
    after: int | None = None


@router.websocket("/feed", name="feed")
async def feed(socket: WebSocket) -> None:
    """Until the client leaves, is too slow, or its token is no longer good."""
    parts: ApiParts = socket.app.state.parts
    await socket.accept()
    try:
        async with asyncio.timeout(10):
            hello = Hello.model_validate_json(await socket.receive_text())
    except (ValidationError, TimeoutError):
        await socket.close(BAD_HELLO)
        return
    except WebSocketDisconnect:
        return
    who = await _who(parts, hello.token)
    roles = MATRIX["feed"] or frozenset()
    if who is None or who.role not in roles:
        await socket.close(NOT_SIGNED_IN if who is None else NOT_PERMITTED)
        return
    try:
        await _stream(socket, parts, hello)
    except (WebSocketDisconnect, RuntimeError):
        return
    except TimeoutError:
        await socket.close(TOO_SLOW)


async def _stream(socket: WebSocket, parts: ApiParts, hello: Hello) -> None:
    number = hello.after
    if number is None:
        snapshot = await _snapshot(parts)
        number = snapshot["number"]
        await _send(socket, snapshot)
    while True:
        # Asked anew each time: a revoked token ends the feed at once.
        who = await _who(parts, hello.token)
        if who is None:
            await socket.close(NOT_SIGNED_IN)
            return
        try:
            async with parts.database.reading() as session:
                rows = await journal.after(session, number, 500)
        except DatabaseAway:
            rows = []
        for row in rows:
            number = row.number
            if row.kind not in FOR_AUDIT or who.role in AUDITS:
                await _send(socket, _fact(row))
        if not rows:
            await _pause(socket)


async def _pause(socket: WebSocket) -> None:
    """Wait a moment, and notice a client that leaves; what it says is not listened to."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await socket.receive_text()
    except TimeoutError:
        return


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await socket.send_json(message)


async def _who(parts: ApiParts, token: str) -> Who | None:
    async with parts.database.reading() as session:
        return await who_is(session, token)


async def _snapshot(parts: ApiParts) -> dict[str, Any]:
    async with parts.database.reading() as session:
        number = await journal.newest(session)
        calls = await session.scalars(select(PhoneCall).where(PhoneCall.stage == "live"))
        operators = await session.scalars(select(Operator))
        return {
            "type": "snapshot",
            "number": number,
            "calls": [CallView.model_validate(c).model_dump(mode="json") for c in calls],
            "operators": [
                OperatorView.model_validate(o).model_dump(mode="json") for o in operators
            ],
        }


def _fact(row: JournalRow) -> dict[str, Any]:
    return {
        "type": "fact", "number": row.number, "kind": row.kind, "at": row.at.isoformat(),
        "call_id": row.call_id, "ticket_id": row.ticket_id, "data": row.data,
    }  # fmt: skip
