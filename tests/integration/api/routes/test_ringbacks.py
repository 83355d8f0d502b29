"""Whom we owe a call, who may see it, and what may be asked for."""

from datetime import timedelta

import pytest

from api.permissions import Role
from casework.ringback.keeping import call_ended, overdue, rung, tell_overdue
from casework.ringback.rules import Deadlines, Ended
from store.base import now
from tests.integration.api.routes.world import NUMBER, START, World


async def given_row(
    world: World, call_id: str = "pbx-1.1", number: str | None = NUMBER, priority: int = 0
) -> None:
    """A caller who gave up in the queue."""
    call = Ended(call_id, number, START, START, queued_at=START, priority=priority)
    async with world.database.transaction() as session:
        await call_ended(session, call, Deadlines(), None if number else "withheld")


async def test_a_number_is_one_row_until_it_is_rung_back(world: World) -> None:
    await given_row(world, "pbx-1.1")
    await given_row(world, "pbx-1.2")
    async with world.client(Role.OPERATOR) as client:
        [row] = (await client.get("/api/v1/ringbacks")).json()
        assert (row["number"], row["calls"]) == (NUMBER, ["pbx-1.1", "pbx-1.2"])
        assert row["overdue"]
        async with world.database.transaction() as session:
            await rung(session, NUMBER, "pbx-r1", now(), talked=False)
        [row] = (await client.get("/api/v1/ringbacks")).json()
        assert (row["state"], row["tries"]) == ("open", 1)
        async with world.database.transaction() as session:
            await rung(session, NUMBER, "pbx-r2", now(), talked=True)
        assert (await client.get("/api/v1/ringbacks")).json() == []
        [row] = (await client.get("/api/v1/ringbacks", params={"state": "closed"})).json()
        assert (row["how"], row["closed_by_call"]) == ("rung_back", "pbx-r2")
        await given_row(world, "pbx-1.3")
        [row] = (await client.get("/api/v1/ringbacks")).json()
        assert row["calls"] == ["pbx-1.3"]


async def test_emergencies_first_and_an_auditor_sees_no_number(sqlite_world: World) -> None:
    await given_row(sqlite_world, "pbx-1.1", "13800000002")
    await given_row(sqlite_world, "pbx-1.2", NUMBER, priority=20)
    async with sqlite_world.client(Role.AUDITOR) as client:
        rows = (await client.get("/api/v1/ringbacks")).json()
    assert [row["number"] for row in rows] == ["138****0001", "138****0002"]


async def test_an_overdue_ring_back_is_told_once(sqlite_world: World) -> None:
    await given_row(sqlite_world)
    database = sqlite_world.database
    async with database.transaction() as session:
        assert await tell_overdue(session, START + timedelta(minutes=29)) == []
        assert len(await tell_overdue(session, START + timedelta(minutes=31))) == 1
        assert await overdue(session, START + timedelta(minutes=32)) == []
    [fact] = await sqlite_world.facts("ringback_overdue")
    assert fact["reason"] == "abandoned"


async def test_a_call_is_asked_for_by_number_or_by_row(sqlite_world: World) -> None:
    await given_row(sqlite_world)
    async with sqlite_world.client(Role.OPERATOR) as client:
        [row] = (await client.get("/api/v1/ringbacks")).json()
        for body in ({"number": NUMBER}, {"ringback_id": row["ringback_id"]}):
            answer = await client.post("/api/v1/calls", json={**body, "extension": "1001"})
            assert (answer.status_code, answer.json()["kind"]) == (202, "ring_back")
    assert len(sqlite_world.nudged) == 2


@pytest.mark.parametrize(
    "body",
    [{}, {"number": NUMBER, "ringback_id": "ab12"}, {"number": "1;2"}, {"number": "13800000001 "}],
)
async def test_what_is_no_number_is_refused(sqlite_world: World, body: dict[str, str]) -> None:
    async with sqlite_world.client(Role.OPERATOR) as client:
        answer = await client.post("/api/v1/calls", json=body)
    assert answer.status_code == 422


async def test_a_withheld_number_and_a_row_that_is_not_there(sqlite_world: World) -> None:
    await given_row(sqlite_world, number=None)
    async with sqlite_world.client(Role.OPERATOR) as client:
        [row] = (await client.get("/api/v1/ringbacks", params={"state": "impossible"})).json()
        assert (row["number"], row["why_not"]) == (None, "withheld")
        answer = await client.post("/api/v1/calls", json={"ringback_id": row["ringback_id"]})
        assert (answer.status_code, answer.json()["reason"]) == (409, "withheld")
        answer = await client.post("/api/v1/calls", json={"ringback_id": "abcdef"})
        assert answer.status_code == 404


async def test_pause_reasons_and_skills_are_lists_of_the_city(sqlite_world: World) -> None:
    async with sqlite_world.client(Role.OPERATOR) as client:
        answer = await client.post("/api/v1/operators/me/pause", json={"reason": "累了"})
        assert answer.status_code == 422
        assert "午休" in answer.json()["errors"][0]["text"]
        ready = await client.post("/api/v1/operators/me/ready", json={})
        assert (ready.status_code, ready.json()["kind"]) == (202, "ready")
    async with sqlite_world.client(Role.SUPERVISOR) as client:
        path = "/api/v1/operators/operator/skills"
        await sqlite_world.token(Role.OPERATOR)
        good = await client.put(path, json={"skills": ["petition", "guide"]})
        assert (good.status_code, good.json()["kind"]) == (202, "set_skills")
        bad = await client.put(path, json={"skills": ["juggling"]})
        assert (bad.status_code, bad.json()["detail"]) == (422, "body.skills")
        nobody = await client.put("/api/v1/operators/nobody/skills", json={"skills": []})
        assert nobody.status_code == 404
