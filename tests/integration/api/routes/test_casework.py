"""Tickets, ladders, the roster."""

import pytest

from api.permissions import Role
from tests.integration.api.routes.world import CALL, NUMBER, ROSTER, World


async def test_a_ticket_and_a_second_matter(world: World) -> None:
    await world.given_call(ended=True)
    number = await world.given_ticket()
    async with world.client(Role.OPERATOR) as client:
        made = await client.post(f"/api/v1/calls/{CALL}/tickets", json={"title": "路灯不亮"})
        first = (await client.get("/api/v1/tickets", params={"limit": 1})).json()
        second = await client.get("/api/v1/tickets", params={"limit": 1, "after": first["next"]})
        ticket = (await client.get(f"/api/v1/tickets/{number}")).json()
    assert (made.status_code, made.json()["matter"]) == (201, 2)
    assert [t["number"] for t in first["tickets"]] == [made.json()["number"]]
    assert [t["number"] for t in second.json()["tickets"]] == [number]
    assert second.json()["next"] is None
    assert (ticket["caller_number"], ticket["body"][:4]) == (NUMBER, "来电人：")
    assert [row["what"] for row in await world.facts("recording_opened")] == ["ticket"]


async def test_a_matter_needs_a_call_and_its_first_ticket(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    async with sqlite_world.client(Role.OPERATOR) as client:
        body = {"title": "路灯不亮"}
        early = await client.post(f"/api/v1/calls/{CALL}/tickets", json=body)
        strange = await client.post("/api/v1/calls/pbx-9.9/tickets", json=body)
        blank = await client.post(f"/api/v1/calls/{CALL}/tickets", json={"title": "    "})
    assert [early.status_code, strange.status_code, blank.status_code] == [409, 404, 422]


@pytest.mark.parametrize(
    ("role", "seen"), [(Role.EDITOR, "138****0001"), (Role.SUPERVISOR, NUMBER)]
)
async def test_the_number_on_a_ticket(sqlite_world: World, role: Role, seen: str) -> None:
    number = await sqlite_world.given_ticket()
    async with sqlite_world.client(role) as client:
        one = (await client.get(f"/api/v1/tickets/{number}")).json()
        listed = (await client.get("/api/v1/tickets", params={"call_id": CALL})).json()["tickets"]
    assert [one["caller_number"], listed[0]["caller_number"]] == [seen, seen]


async def test_a_roster_is_replaced_as_a_whole_and_its_ladder_asked(world: World) -> None:
    async with world.client(Role.ADMIN) as client:
        put = await client.put(
            "/api/v1/roster", content=ROSTER.read_bytes(),
            headers={"Content-Type": "application/yaml"},
        )  # fmt: skip
        assert put.json() == {"units": 10, "shifts": 14}
        units = (await client.get("/api/v1/units")).json()
        ladder = (await client.get("/api/v1/units/market/ladder")).json()
        strange = await client.get("/api/v1/units/moon/ladder")
    async with world.client(Role.OPERATOR) as client:
        masked = (await client.get("/api/v1/units/market/ladder")).json()
    assert [unit["unit_id"] for unit in units] == [
        "command", "construction", "fire", "health", "leader", "market", "medical", "petition",
        "police", "traffic",
    ]  # fmt: skip
    assert [person["number"] for person in ladder] == ["6101", "6102", "6103"]
    assert [person["number"] for person in masked] == ["****"] * 3
    assert strange.status_code == 404


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("units: [", 1),
        ("[" * 5000, None),
        ("units: [{id: a, name: 甲, since: 2026-13-45}]", None),
        ("units: [{id: market}]\nshifts: [{unit: moon, rung: primary}]", 2),
    ],
)
async def test_a_wrong_roster_changes_nothing_and_names_every_row(
    sqlite_world: World, text: str, problems: int | None
) -> None:
    await sqlite_world.given_roster()
    async with sqlite_world.client(Role.ADMIN) as client:
        headers = {"Content-Type": "application/yaml"}
        answer = await client.put("/api/v1/roster", content=text.encode(), headers=headers)
        units = (await client.get("/api/v1/units")).json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    if problems is not None:
        assert len(answer.json()["errors"]) >= problems
        assert all(
            error["row"] and error["text"] and error["line"] >= 1
            for error in answer.json()["errors"]
        )
    assert len(units) == 10
