"""Bad requests at the interface of a running service: old tokens, ranges that are none."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.accounts import add_user
from hotline.run import environment_of
from hotline.settings import ROOT
from telephony.asterisk.ports import free_port
from tests.e2e.bad_calls.wire import rude_phone
from tests.e2e.stage import Stage, given_stage, until

PASSWORD = "a long enough word"
NOT_SIGNED_IN = 4401


@asynccontextmanager
async def given_interface(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """The api part as a process of its own, over this stage's data; one auditor is signed in."""
    async with stage.database.transaction() as session:
        await add_user(session, "auditor", name="稽核", role="auditor", password=PASSWORD)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline", "part", "api", cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **environment_of(stage.settings)},
    )  # fmt: skip
    address = f"http://127.0.0.1:{stage.settings.api_port}"
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as client:
            await until(lambda: is_up(client), 60, "the interface up")
            yield client
    finally:
        process.kill()
        await process.wait()


async def is_up(client: httpx.AsyncClient) -> bool:
    try:
        await client.get("/healthz")
    except httpx.TransportError:
        return False
    return True


async def token(client: httpx.AsyncClient) -> str:
    body = {"username": "auditor", "password": PASSWORD}
    answer = await client.post("/api/v1/sign-in", json=body)
    answer.raise_for_status()
    return str(answer.json()["token"])


def interface_port() -> int:
    return free_port("127.0.0.1", socket.SOCK_STREAM)


async def one_call(stage: Stage) -> str:
    """A short call, sealed; its id."""
    before = len(await stage.calls())
    async with rude_phone(stage) as phone:
        call = phone.call()
        call.send(call.invite())
        assert await call.answered() == 200
        call.ack()
        await until(lambda: stage.call(before), 10)
        await until(lambda: has_track(stage, before), 10, "the recording begun")
        call.bye()
        await stage.until_call(lambda seen: seen.row.stage == "ended", number=before)
    await stage.sealed(before)
    return (await stage.call(before)).call_id


async def has_track(stage: Stage, count: int) -> bool:
    return len(await stage.facts("track_started")) > count


async def test_a_feed_whose_token_expires_is_closed_with_a_code_and_resumed() -> None:
    """What happens while it is closed is told after the next sign-in, each fact once."""
    async with given_stage(token_hours=0.0015, api_port=interface_port()) as stage:
        async with given_interface(stage) as client:
            first = await follow(client, await token(client), None)
            assert first.snapshot is not None
            assert first.code == NOT_SIGNED_IN
            await one_call(stage)
            refused = await client.get("/api/v1/calls", headers={"Authorization": "Bearer x"})
            assert refused.status_code == 401
            second = await follow(client, await token(client), first.number)
        assert second.snapshot is None, "resumed, not begun anew"
        kinds = [fact["kind"] for fact in second.facts]
        assert kinds.count("call_started") == kinds.count("call_ended") == 1
        numbers = [fact["number"] for fact in second.facts]
        assert numbers == sorted(set(numbers)) and numbers[0] > first.number


class Followed:
    """What one feed told before it was closed."""

    def __init__(self) -> None:
        self.snapshot: dict[str, Any] | None = None
        self.facts: list[dict[str, Any]] = []
        self.number = 0
        self.code = 0


async def follow(client: httpx.AsyncClient, secret: str, after: int | None) -> Followed:
    """Until the service closes it, which it does when the token is over."""
    told = Followed()
    host = f"ws://127.0.0.1:{client.base_url.port}/api/v1/feed"
    async with connect(host, proxy=None) as feed, asyncio.timeout(25):
        await feed.send(json.dumps({"token": secret, "after": after}))
        told.code = await read_to_end(feed, told)
    return told


async def read_to_end(feed: ClientConnection, told: Followed) -> int:
    try:
        while True:
            message = json.loads(await feed.recv())
            told.number = message["number"]
            if message["type"] == "snapshot":
                told.snapshot = message
            else:
                told.facts.append(message)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code


# Range header → status; None: the whole file.
RANGES = {
    "bytes=0-9": 206, "bytes=-5": 206, "bytes=10-": 206, "bytes=99999999-": 416,
    "bytes=99999999999999999999999999-": 416, "bytes=-0": 416, "bytes=0-1,5-9": 200,
    "bytes=5-2": 200, "bytes=a-b": 200, "seconds=1-2": 200, "bytes=": 200, "bytes=--1": 200,
}  # fmt: skip


async def test_ranges_of_a_real_recording_that_do_not_exist_are_answered_as_the_rules_say() -> None:
    async with given_stage(api_port=interface_port()) as stage:
        call_id = await one_call(stage)
        async with given_interface(stage) as client:
            sign = {"Authorization": f"Bearer {await token(client)}"}
            path = f"/api/v1/calls/{call_id}/recording/mix"
            whole = (await client.get(path, headers=sign)).content
            assert whole.startswith(b"fLaC")
            for header, status in RANGES.items():
                answer = await client.get(path, headers={**sign, "Range": header})
                assert answer.status_code == status, (header, answer.text[:200])
                told = answer.headers.get("content-range")
                if status == 416:
                    assert told == f"bytes */{len(whole)}"
                elif status == 206:
                    assert told is not None and told.endswith(f"/{len(whole)}")
                    assert answer.content in whole
                else:
                    assert (told, answer.content) == (None, whole)
