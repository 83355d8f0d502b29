"""Health, problems, the database away, and what never reaches a client."""

import json
import sqlite3
from pathlib import Path

import pytest

from api.edge import MOST_BYTES
from api.health import PartHealth
from api.pages import POLICY
from api.permissions import Role
from store.database import Database
from tests.integration.api.routes.world import CALL, NUMBER, World


async def test_health_is_200_only_when_every_part_is_well(world: World) -> None:
    number = await world.happened()
    world.parts_health = [PartHealth("asterisk", True, "")]
    async with world.client() as client:
        well = await client.get("/healthz")
        world.parts_health = [PartHealth("asterisk", False, "silent since 10:00")]
        ill = await client.get("/healthz")
    assert (well.status_code, well.json()["journal"]) == (200, number)
    assert ill.status_code == 503
    wrong = [part for part in ill.json()["parts"] if not part["well"]]
    assert [(part["name"], part["detail"]) for part in wrong] == [
        ("asterisk", "silent since 10:00")
    ]


async def test_with_the_database_away_everything_says_503(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/main.sqlite", busy_seconds=0.2)
    await database.create_all()
    world = World(database, tmp_path / "archive")
    async with world.client(Role.SUPERVISOR) as client:
        holder = sqlite3.connect(tmp_path / "main.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        body = {"unit_id": "market"}
        locked = await client.post(f"/api/v1/calls/{CALL}/connect", json=body)
        holder.close()
        unlocked = await client.post(f"/api/v1/calls/{CALL}/connect", json=body)
    await database.close()
    assert locked.status_code == 503
    assert int(locked.headers["retry-after"]) >= 1
    assert locked.headers["content-type"] == "application/problem+json"
    assert unlocked.status_code == 404, "and afterwards it goes on by itself"


async def test_health_with_the_database_gone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/main.sqlite")
    world = World(database, tmp_path / "archive")
    async with world.client() as client:
        answer = await client.get("/healthz")
    await database.close()
    assert answer.status_code == 503
    assert [part["name"] for part in answer.json()["parts"]] == ["database"]
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("PATCH", "/api/v1/calls", 405),
        ("GET", "/api/v1/calls?limit=0", 422),
        ("GET", "/api/v1/calls?after=pbx-9.9", 404),
        ("GET", "/pages/../app.py", 404),
    ],
)
async def test_every_problem_is_a_problem_document(
    sqlite_world: World, method: str, path: str, status: int
) -> None:
    async with sqlite_world.client(Role.OPERATOR) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]


async def test_a_bad_field_is_named(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    async with sqlite_world.client(Role.OPERATOR) as client:
        body = {"unit_id": "mar ket", "topic": "UPPER"}
        answer = await client.post(f"/api/v1/calls/{CALL}/connect", json=body)
        broken = await client.post(
            f"/api/v1/calls/{CALL}/connect",
            content=b"{",
            headers={"Content-Type": "application/json"},
        )
    fields = [error["field"] for error in answer.json()["errors"]]
    assert fields == ["body.unit_id", "body.topic"]
    assert broken.status_code == 422


@pytest.mark.parametrize("stated", [True, False])
async def test_a_body_without_end_is_refused(sqlite_world: World, stated: bool) -> None:
    async def endless():
        for _ in range(MOST_BYTES // 100_000 + 2):
            yield b"x" * 100_000

    content = b"x" * (MOST_BYTES + 1) if stated else endless()
    async with sqlite_world.client() as client:
        answer = await client.post(
            "/api/v1/sign-in", content=content, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unexpected_error_tells_no_client_and_no_log_what_it_held(
    sqlite_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    @sqlite_world.app.get("/broken")
    async def broken() -> None:
        raise LookupError(f"no row for {NUMBER}")

    async with sqlite_world.client() as client:
        answer = await client.get("/broken")
    logged = capsys.readouterr()
    assert answer.status_code == 500
    assert answer.json()["detail"] == ""
    assert "request_failed" in logged.out + logged.err
    assert "test_edges.py" in logged.out + logged.err, "the place is told"
    assert NUMBER not in answer.text + logged.out + logged.err


async def test_the_replay_page_loads_nothing_from_elsewhere(sqlite_world: World) -> None:
    async with sqlite_world.client() as client:
        page = await client.get(f"/replay/{CALL}")
        files = [await client.get(f"/pages/{name}") for name in ("replay.js", "replay.css")]
        calls = await client.get("/api/v1/calls")
    assert page.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "script-src 'self'" in POLICY
    for answer in (page, *files):
        assert answer.status_code == 200
        assert "http://" not in answer.text
        assert "https://" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "innerHTML" not in files[0].text
    assert calls.headers["cache-control"] == "no-store"
    assert json.loads(calls.text)["status"] == 401
