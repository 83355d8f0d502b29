"""Signing in, commands, recordings, the feed, health: as a client sees them."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
import uvicorn
import websockets

from api.openapi import document
from store import journal
from telephony.tables import Command
from tests.e2e.stage import until
from tests.integration.api.conftest import ENDED, LIVE, PASSWORD, Bench

ROOT = Path(__file__).parents[3]


def is_problem(answer: httpx.Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    body = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and body["status"] == status
        and bool(body["title"])
    )


async def test_a_token_dies_with_the_sign_out(bench: Bench) -> None:
    client = await bench.signed_in("auditor")
    assert (await client.get("/api/v1/me")).json()["role"] == "auditor"
    assert (await client.post("/api/v1/sign-out")).status_code == 204
    assert is_problem(await client.get("/api/v1/me"), 401)


async def test_wrong_passwords_are_counted_and_the_account_is_locked(bench: Bench) -> None:
    async with bench.client() as client:
        wrong = {"username": "auditor", "password": "wrong"}
        for _ in range(5):
            assert is_problem(await client.post("/api/v1/sign-in", json=wrong), 401)
        right = {"username": "auditor", "password": PASSWORD}
        assert is_problem(await client.post("/api/v1/sign-in", json=right), 429)
        nobody = {"username": "nobody", "password": PASSWORD}
        assert is_problem(await client.post("/api/v1/sign-in", json=nobody), 401)


async def test_a_command_is_written_once_for_a_key_and_the_controller_is_nudged(
    bench: Bench,
) -> None:
    client = await bench.signed_in("operator")
    path, key = f"/api/v1/calls/{LIVE}/connect", {"Idempotency-Key": "k1"}
    first = await client.post(path, json={"unit_id": "market"}, headers=key)
    assert first.status_code == 202
    again = await client.post(path, json={"unit_id": "market"}, headers=key)
    assert again.json()["command_id"] == first.json()["command_id"]
    other = await client.post(path, json={"unit_id": "health"}, headers=key)
    assert is_problem(other, 409)
    assert len(bench.nudges) == 2
    async with bench.database.reading() as session:
        row = await session.get_one(Command, first.json()["command_id"])
    assert (row.state, row.node, row.body["unit_id"]) == ("asked", "pbx", "market")


async def test_bad_requests_name_the_field(bench: Bench) -> None:
    client = await bench.signed_in("operator")
    answer = await client.post(f"/api/v1/calls/{LIVE}/connect", json={"unit_id": "a b"})
    assert is_problem(answer, 422)
    assert answer.json()["errors"][0]["field"] == "body.unit_id"
    assert is_problem(
        await client.post(f"/api/v1/calls/{ENDED}/connect", json={"unit_id": "m"}), 409
    )
    assert is_problem(await client.get("/api/v1/calls/unknown"), 404)
    assert is_problem(await client.get("/api/v1/nothing"), 404)
    assert is_problem(await client.delete("/api/v1/calls"), 405)


async def test_a_roster_with_mistakes_changes_nothing_and_names_each_row(bench: Bench) -> None:
    client = await bench.signed_in("admin")
    good = (ROOT / "simulator/roster.yaml").read_text("utf-8")
    kind = {"Content-Type": "application/yaml"}
    assert (await client.put("/api/v1/roster", content=good, headers=kind)).status_code == 200
    bad = good.replace('number: "6101"', 'number: "abc"').replace(
        "unit: health, rung", "unit: x, rung"
    )
    answer = await client.put("/api/v1/roster", content=bad, headers=kind)
    assert is_problem(answer, 422)
    assert {problem["field"] for problem in answer.json()["errors"]} >= {"number", "unit"}
    assert len((await client.get("/api/v1/units")).json()) == 10


@pytest.mark.parametrize(
    ("asked", "status", "range_"),
    [
        (None, 200, None),
        ("bytes=0-99", 206, "bytes 0-99/"),
        ("bytes=-10", 206, None),
        ("bytes=999999999-", 416, None),
    ],
)
async def test_ranges_of_a_track(
    bench: Bench, asked: str | None, status: int, range_: str | None
) -> None:
    client = await bench.signed_in("auditor")
    path = f"/api/v1/calls/{ENDED}/recording/files/01-citizen.flac"
    whole = (await client.get(path)).content
    answer = await client.get(path, headers={"Range": asked} if asked else {})
    assert answer.status_code == status
    if asked == "bytes=0-99":
        assert answer.content == whole[:100]
        assert answer.headers["content-range"].startswith(str(range_))
    elif asked == "bytes=-10":
        assert answer.content == whole[-10:]


async def test_every_opening_is_a_fact_before_a_byte_leaves(bench: Bench) -> None:
    client = await bench.signed_in("auditor")
    await client.get(f"/api/v1/calls/{ENDED}/recording")
    await client.get(f"/api/v1/calls/{ENDED}/recording/files/mix.flac")
    async with bench.database.reading() as session:
        rows = await journal.after(session, 0, 100, kinds=["recording_opened"])
    assert [(row.data["what"], row.data["file"]) for row in rows] == [
        ("manifest", ""),
        ("mix", "mix.flac"),
    ]


async def test_a_changed_file_is_named(bench: Bench) -> None:
    client = await bench.signed_in("auditor")
    path = f"/api/v1/calls/{ENDED}/recording?verify=true"
    assert (await client.get(path)).json()["verified"] is True
    [track] = bench.archive.glob("*/*/*/*/01-citizen.flac")
    track.chmod(0o600)
    track.write_bytes(track.read_bytes()[:-1] + b"x")
    answer = (await client.get(path)).json()
    assert answer["verified"] is False
    assert any("01-citizen.flac" in problem for problem in answer["problems"])


async def test_a_path_out_of_the_archive_is_no_file_name(bench: Bench) -> None:
    client = await bench.signed_in("auditor")
    for name in ("..%2f..%2fsecrets.json", "manifest.json", "%2e%2e", "a.flac%00"):
        answer = await client.get(f"/api/v1/calls/{ENDED}/recording/files/{name}")
        assert answer.status_code in (404, 422)


async def test_health_tells_the_truth(bench: Bench) -> None:
    async with bench.client() as client:
        assert (await client.get("/healthz")).status_code == 200
        bench.well = False
        answer = await client.get("/healthz")
    assert answer.status_code == 503
    told = {part["name"]: part["well"] for part in answer.json()["parts"]}
    assert told == {"database": True, "controller": False}


async def test_the_feed_begins_with_a_snapshot_and_resumes_without_a_hole(bench: Bench) -> None:
    token = await bench.token("supervisor")
    server = uvicorn.Server(uvicorn.Config(bench.app, port=0, log_level="warning"))
    task = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started, 10)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"ws://127.0.0.1:{port}/api/v1/feed"
        async with websockets.connect(address) as feed:
            await feed.send(json.dumps({"token": token}))
            snapshot = json.loads(await feed.recv())
            assert snapshot["type"] == "snapshot"
            assert [call["call_id"] for call in snapshot["calls"]] == [LIVE]
            await bench.token("operator")  # a fact only auditors hear of
            client = await bench.signed_in("admin")
            roster = (ROOT / "simulator/roster.yaml").read_text("utf-8")
            await client.put(
                "/api/v1/roster", content=roster, headers={"Content-Type": "application/yaml"}
            )
            fact = json.loads(await feed.recv())
            assert fact["kind"] == "roster_imported"
        async with websockets.connect(address) as feed:
            await feed.send(json.dumps({"token": token, "after": fact["number"] - 1}))
            assert json.loads(await feed.recv()) == fact
        for hello, code in (
            ({"token": "wrong"}, 4401),
            ({"token": await bench.token("liaison")}, 4403),
            ({"no": "token"}, 4400),
        ):
            async with websockets.connect(address) as feed:
                await feed.send(json.dumps(hello))
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await feed.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code
    finally:
        server.should_exit = True
        await task


def test_the_document_in_docs_is_this_interface() -> None:
    assert (ROOT / "docs/openapi.json").read_text("utf-8") == document()
