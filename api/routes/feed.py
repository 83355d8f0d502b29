"""Room api: the live feed. First a snapshot, then numbered facts; resume after any number.

→ {"token": "…", "after": null}
← {"type": "snapshot", "number": 41, "calls": […], "operators": […]}
← {"type": "fact", "number": 42, "kind": "leg_moved", …}
"""

import asyncio
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import select

from api.accounts import Who, who_is
from api.parts import ApiParts
from api.permissions import MATRIX, Role
from api.routes.calls import call_view
from api.routes.desk import OperatorView
from api.tail import Tail
from api.visible import fact_for, hears_fact
from store import journal
from store.base import now
from store.database import DatabaseAway
from store.journal import JournalRow
from telephony.tables import Operator, PhoneCall

router = APIRouter(tags=["feed"])

HELLO_SECONDS = 10.0
SEND_SECONDS = 5.0
# A client that is dropped for being slow hears why if it reads again within this time.
CLOSE_SECONDS = 5.0
# A token is asked after anew this often, and at once when its owner signs out anywhere.
ASK_AGAIN_SECONDS = 5.0
# Close codes of our own (4000-4999).
BAD_HELLO, NOT_SIGNED_IN, NOT_PERMITTED, TOO_SLOW, DATABASE_AWAY = 4400, 4401, 4403, 4408, 4503


class Hello(BaseModel):
    """What a client says first. `after`: the last number it has, null for a snapshot."""

    token: str = Field(max_length=200)
    after: int | None = Field(None, ge=0, lt=2**63)


class Over(Exception):
    """The feed ends with this close code; None: the client is gone."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


@router.websocket("/feed", name="feed")
async def feed(socket: WebSocket) -> None:
    """Until the client leaves, is too slow, or its token is no longer good."""
    await socket.accept()
    code: int | None = None
    try:
        # An `Over` of any of these ends the group; nobody else's errors are kept quiet.
        async with asyncio.TaskGroup() as tasks:
            hello = await _hello(socket)
            tasks.create_task(_until_gone(socket), name="feed-ear")
            tasks.create_task(_Follower(socket, hello).follow(), name="feed-voice")
    except* Over as overs:
        code = next((o.code for o in overs.exceptions if isinstance(o, Over)), None)
    if code is not None:
        await _close(socket, code)


async def _close(socket: WebSocket, code: int) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code)
    except (TimeoutError, RuntimeError, WebSocketDisconnect):
        return  # it left by itself meanwhile, or reads nothing any more


async def _hello(socket: WebSocket) -> Hello:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            return Hello.model_validate_json(await socket.receive_text())
    except WebSocketDisconnect:
        raise Over(None) from None
    except (ValidationError, TimeoutError, KeyError):  # KeyError: bytes instead of text
        raise Over(BAD_HELLO) from None


async def _until_gone(socket: WebSocket) -> None:
    """Notices a client that leaves; what it says is not listened to."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    raise Over(None)


class _Follower:
    """One client on its way through the journal."""

    def __init__(self, socket: WebSocket, hello: Hello) -> None:
        self._socket = socket
        self._token = hello.token
        self._number = hello.after
        self._parts: ApiParts = socket.app.state.parts
        self._tail: Tail = socket.app.state.tail
        self._asked = 0.0

    async def follow(self) -> None:
        """Never returns; raises `Over`."""
        try:
            who = await self._permitted()
            with self._tail.followed():
                number = await self._begin(who)
                while True:
                    number = await self._go_on(who, number)
                    who = await self._still(who)
        except DatabaseAway:
            raise Over(DATABASE_AWAY) from None
        except TimeoutError:
            raise Over(TOO_SLOW) from None
        except (WebSocketDisconnect, RuntimeError):
            raise Over(None) from None

    async def _permitted(self) -> Who:
        who = await self._who()
        if who is None:
            raise Over(NOT_SIGNED_IN)
        if who.role not in (MATRIX["feed"] or ()):
            raise Over(NOT_PERMITTED)
        return who

    async def _begin(self, who: Who) -> int:
        if self._number is not None:
            async with self._parts.database.reading() as session:
                if self._number <= await journal.newest(session):
                    return self._number
            # It knows more than the journal: the database is another one. Begin anew.
        snapshot = await _snapshot(self._parts, who)
        await self._send(snapshot)
        return int(snapshot["number"])

    async def _go_on(self, who: Who, number: int) -> int:
        """Send what is new; returns the number reached."""
        rows = await self._tail.after(number)
        if not rows:
            left = (who.expires_at - now()).total_seconds()
            await self._tail.more(within=max(0.0, min(ASK_AGAIN_SECONDS, left)))
        for row in rows:
            if row.kind == "signed_out" and row.data.get("user_id") == who.user_id:
                self._asked = 0.0
            if hears_fact(who.role, row.kind, row.data):
                await self._send(_fact(who.role, row))
            number = row.number
        return number

    async def _still(self, who: Who) -> Who:
        """The same person, if the token is still good."""
        if who.expires_at <= now():
            raise Over(NOT_SIGNED_IN)
        if asyncio.get_running_loop().time() - self._asked < ASK_AGAIN_SECONDS:
            return who
        return await self._permitted()

    async def _who(self) -> Who | None:
        async with self._parts.database.reading() as session:
            found = await who_is(session, self._token)
        self._asked = asyncio.get_running_loop().time()
        return found

    async def _send(self, message: dict[str, Any]) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self._socket.send_json(message)


async def _snapshot(parts: ApiParts, who: Who) -> dict[str, Any]:
    """One consistent state, and the number it is the state of."""
    async with parts.database.reading() as session:
        number = await journal.newest(session)
        calls = await session.scalars(
            select(PhoneCall).where(PhoneCall.stage == "live").order_by(PhoneCall.started_at)
        )
        operators = await session.scalars(select(Operator).order_by(Operator.operator_id))
        return {
            "type": "snapshot",
            "number": number,
            "calls": [call_view(c, who).model_dump(mode="json") for c in calls],
            "operators": [
                OperatorView.model_validate(o).model_dump(mode="json") for o in operators
            ],
        }


def _fact(role: Role, row: JournalRow) -> dict[str, Any]:
    return {
        "type": "fact", "number": row.number, "kind": row.kind, "at": row.at.isoformat(),
        "call_id": row.call_id, "ticket_id": row.ticket_id,
        "data": fact_for(role, row.kind, row.data),
    }  # fmt: skip
