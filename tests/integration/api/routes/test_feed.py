"""The feed, over a real socket: snapshot, numbers without holes, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.facts import SignedIn
from api.permissions import MATRIX, Role
from api.routes import feed
from store import journal
from store.base import now
from telephony import facts as f
from tests.integration.api.routes.world import CALL, NUMBER, START, World, served

WITHIN = 10


@asynccontextmanager
async def _feed(
    address: str, token: str, after: int | None = None, max_queue: int | None = None
) -> AsyncIterator[ClientConnection]:
    """`max_queue`: so many unread messages, then the client reads no more from the network."""
    async with connect(
        f"ws://{address}/api/v1/feed", proxy=None, max_queue=max_queue, compression=None
    ) as socket:
        await socket.send(json.dumps({"token": token, "after": after}))
        yield socket


async def _next(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN):
        return dict(json.loads(await socket.recv()))


async def _closed_with(socket: ClientConnection) -> int:
    """Read to the end; the code the server closed with."""
    async with asyncio.timeout(WITHIN):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code


def _paused(reason: str) -> f.OperatorPaused:
    return f.OperatorPaused(
        at=now(), operator_id="op", extension="1001", paused=True, reason=reason
    )


async def test_first_a_snapshot_then_each_fact(world: World) -> None:
    await world.given_call()
    token = await world.token(Role.OPERATOR)
    async with served(world.app) as address, _feed(address, token) as socket:
        snapshot = await _next(socket)
        number = await world.happened(_paused("a"))
        fact = await _next(socket)
    assert snapshot["type"] == "snapshot"
    assert [(c["call_id"], c["caller_number"]) for c in snapshot["calls"]] == [(CALL, NUMBER)]
    assert (fact["number"], fact["kind"]) == (number, "operator_paused")
    assert fact["number"] == snapshot["number"] + 1


async def test_who_resumes_misses_nothing_while_others_write(world: World) -> None:
    """Two writers, a reader that leaves after every tenth fact and comes back."""
    token = await world.token(Role.OPERATOR)
    each = 60

    async def write() -> None:
        for n in range(each):
            await world.happened(_paused(str(n)))

    seen: list[int] = []
    async with served(world.app) as address, asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(write())
        while len(seen) < 2 * each:
            after = seen[-1] if seen else 0
            async with _feed(address, token, after) as socket:
                for _ in range(min(10, 2 * each - len(seen))):
                    seen.append((await _next(socket))["number"])
    assert seen == list(range(1, 2 * each + 1))


async def test_one_look_at_the_journal_serves_many(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await sqlite_world.token(Role.OPERATOR)
    asked = []
    real = journal.after

    async def counted(*arguments: Any, **more: Any) -> Any:
        asked.append(arguments)
        return await real(*arguments, **more)

    async with served(sqlite_world.app) as address, asyncio.TaskGroup() as tasks:
        sockets = []

        async def follow() -> None:
            async with _feed(address, token) as socket:
                await _next(socket)
                sockets.append(socket)
                if len(sockets) == 20:
                    monkeypatch.setattr(journal, "after", counted)
                    asked.clear()
                    await sqlite_world.happened(_paused("a"))
                await _next(socket)

        for _ in range(20):
            tasks.create_task(follow())
    assert len(asked) < 20, "twenty clients do not ask twenty times"


async def test_a_client_that_knows_more_than_the_journal_begins_anew(sqlite_world: World) -> None:
    token = await sqlite_world.token(Role.OPERATOR)
    async with served(sqlite_world.app) as address, _feed(address, token, 10**6) as socket:
        assert (await _next(socket))["type"] == "snapshot"


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (Role.OPERATOR, ["operator_paused"]),
        (Role.SUPERVISOR, ["monitoring_asked", "leg_started", "operator_paused"]),
        (Role.AUDITOR, ["signed_in", "monitoring_asked", "leg_started", "operator_paused"]),
    ],
)
async def test_each_role_hears_its_own(sqlite_world: World, role: Role, kinds: list[str]) -> None:
    await sqlite_world.given_call()
    token = await sqlite_world.token(role)
    async with served(sqlite_world.app) as address, _feed(address, token) as socket:
        snapshot = await _next(socket)
        await sqlite_world.happened(
            SignedIn(at=now(), user_id="u"),
            f.MonitoringAsked(
                at=now(), call_id=CALL, monitor_id="m", leg_id="sup-1", spied_leg_id="x", by="u",
                mode="listen", reason="质检",
            ),
            f.LegStarted(
                at=START, call_id=CALL, leg_id="sup-1", role="supervisor", channel="PJSIP/s"
            ),
            _paused("end"),
        )  # fmt: skip
        heard = []
        while not heard or heard[-1] != "operator_paused":
            heard.append((await _next(socket))["kind"])
    assert heard == kinds
    masked = snapshot["calls"][0]["caller_number"]
    assert masked == ("138****0001" if role is Role.AUDITOR else NUMBER)


@pytest.mark.parametrize("role", list(Role))
async def test_roles_without_the_feed_are_turned_away(sqlite_world: World, role: Role) -> None:
    token = await sqlite_world.token(role)
    async with served(sqlite_world.app) as address, _feed(address, token) as socket:
        if role in (MATRIX["feed"] or ()):
            assert (await _next(socket))["type"] == "snapshot"
        else:
            assert await _closed_with(socket) == feed.NOT_PERMITTED


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ('{"token": "nobody", "after": null}', feed.NOT_SIGNED_IN),
        ("no json", feed.BAD_HELLO),
        ('{"token": "x", "after": -1}', feed.BAD_HELLO),
        (b"\x00bytes", feed.BAD_HELLO),
    ],
)
async def test_a_bad_hello(sqlite_world: World, hello: str | bytes, code: int) -> None:
    async with (
        served(sqlite_world.app) as address,
        connect(f"ws://{address}/api/v1/feed", proxy=None) as socket,
    ):
        await socket.send(hello)
        assert await _closed_with(socket) == code


async def test_an_expired_token_ends_the_feed(sqlite_world: World) -> None:
    async with served(sqlite_world.app) as address:
        token = await sqlite_world.token(Role.OPERATOR, timedelta(seconds=2))
        async with _feed(address, token) as socket:
            assert (await _next(socket))["type"] == "snapshot"
            assert await _closed_with(socket) == feed.NOT_SIGNED_IN


async def test_signing_out_ends_the_feed_at_once(sqlite_world: World) -> None:
    async with sqlite_world.client(Role.OPERATOR) as client, served(sqlite_world.app) as address:
        token = client.headers["authorization"].removeprefix("Bearer ")
        async with _feed(address, token) as socket:
            assert (await _next(socket))["type"] == "snapshot"
            began = asyncio.get_running_loop().time()
            assert (await client.post("/api/v1/sign-out")).status_code == 204
            assert await _closed_with(socket) == feed.NOT_SIGNED_IN
            took = asyncio.get_running_loop().time() - began
    assert took < feed.ASK_AGAIN_SECONDS / 2


async def test_who_reads_too_slowly_is_dropped(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "SEND_SECONDS", 0.3)
    token = await sqlite_world.token(Role.OPERATOR)
    async with sqlite_world.database.transaction() as session:
        for _ in range(60):
            await journal.append_stored(session, "large", now(), None, None, {"pad": "x" * 500_000})
    tail = sqlite_world.app.state.tail
    async with served(sqlite_world.app) as address, _feed(address, token, 0, max_queue=1) as socket:
        await _next(socket)  # and then no more: the rest fills every buffer on the way
        async with asyncio.timeout(WITHIN):
            while tail._followers:
                await asyncio.sleep(0.02)
        assert await _closed_with(socket) == feed.TOO_SLOW
