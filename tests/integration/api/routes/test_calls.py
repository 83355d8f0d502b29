"""Calls: lists, who sees whose number, and commands that are asked once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.permissions import Role
from recording.facts import RecordingOpened
from store.base import now
from telephony import facts as f
from telephony.commands import read_body
from telephony.roles import Role as LegRole
from telephony.tables import Command
from tests.integration.api.routes.world import (
    CALL,
    CITIZEN,
    LIAISON,
    LIAISON_NUMBER,
    NUMBER,
    OPERATOR,
    START,
    World,
    user_id,
)

CONNECT = f"/api/v1/calls/{CALL}/connect"
MARKET = {"unit_id": "market", "topic": "market"}


async def test_pages_of_calls_meet_without_gap_or_overlap(world: World) -> None:
    # Two calls a second begin together, so that a page ends between equals.
    made = [
        await world.given_call(f"pbx-1.{n}", at=START + timedelta(seconds=n // 2)) for n in range(7)
    ]
    async with world.client(Role.OPERATOR) as client:
        seen: list[str] = []
        query: dict[str, Any] = {"stage": "live", "limit": 3}
        while True:
            page = (await client.get("/api/v1/calls", params=query)).json()
            seen += [call["call_id"] for call in page["calls"]]
            if page["next"] is None:
                break
            query["after"] = page["next"]
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    ("role", "citizen", "name", "liaison", "sees_listener"),
    [
        (Role.OPERATOR, NUMBER, "王小明", "139****0002", False),
        (Role.LEADER, NUMBER, "王小明", "139****0002", False),
        (Role.SUPERVISOR, NUMBER, "王小明", LIAISON_NUMBER, True),
        (Role.AUDITOR, "138****0001", None, "139****0002", True),
        (Role.ADMIN, "138****0001", None, LIAISON_NUMBER, True),
    ],
)
async def test_numbers_and_listeners_are_for_those_who_need_them(
    sqlite_world: World, role: Role, citizen: str, name: str | None, liaison: str,
    sees_listener: bool,
) -> None:  # fmt: skip
    await sqlite_world.given_call()
    await sqlite_world.given_listener()
    async with sqlite_world.client(role) as client:
        call = (await client.get(f"/api/v1/calls/{CALL}")).json()
        listed = (await client.get("/api/v1/calls")).json()["calls"][0]
    numbers = {party["role"]: party["number"] for party in call["parties"]}
    assert (call["caller_number"], call["caller_name"]) == (citizen, name)
    assert (listed["caller_number"], listed["caller_name"]) == (citizen, name)
    assert (numbers["citizen"], numbers["liaison"]) == (citizen, liaison)
    assert ("supervisor" in numbers) is sees_listener


async def test_the_same_key_asks_once_even_at_the_same_moment(world: World) -> None:
    await world.given_call()
    async with world.client(Role.OPERATOR) as client:
        key = {"Idempotency-Key": "press-1"}
        answers = await asyncio.gather(
            *(client.post(CONNECT, json=MARKET, headers=key) for _ in range(8))
        )
        other = await client.post(CONNECT, json={"unit_id": "health"}, headers=key)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["command_id"] for answer in answers}) == 1
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert world.nudged, "the controller is told"


async def test_the_same_key_of_another_person_is_another_command(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    ids = set()
    for role in (Role.OPERATOR, Role.SUPERVISOR):
        async with sqlite_world.client(role) as client:
            answer = await client.post(CONNECT, json=MARKET, headers={"Idempotency-Key": "k"})
            ids.add(answer.json()["command_id"])
    assert len(ids) == 2


COMMANDS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("post", "connect", MARKET, {"kind": "connect", "unit_id": "market", "topic": "market"}),
    (
        "post", "connect", {"unit": "110"},
        {"kind": "connect", "unit_id": "110", "topic": "general"},
    ),
    (
        "post", "handover", {"unit": "110", "topic": "emergency"},
        {"kind": "handover", "unit_id": "110", "topic": "emergency"},
    ),
    ("post", "connects/r1/cancel", None, {"kind": "cancel_connect", "request_id": "r1"}),
    (
        "post", f"parties/{LIAISON}/mute", {"muted": False},
        {"kind": "mute", "leg_id": LIAISON, "muted": False},
    ),
    (
        "post", f"parties/{CITIZEN}/aside", {"back": True},
        {"kind": "aside", "leg_id": CITIZEN, "back": True},
    ),
    ("delete", f"parties/{LIAISON}", None, {"kind": "remove", "leg_id": LIAISON}),
    (
        "post", "listen", {"mode": "whisper", "reason": " 质检抽查 "},
        {"kind": "listen", "mode": "whisper", "reason": "质检抽查", "extension": "1901"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "stored"), COMMANDS)
async def test_each_command_is_a_row_the_controller_understands(
    sqlite_world: World, method: str, path: str, body: Any, stored: dict[str, Any]
) -> None:
    await sqlite_world.given_call()
    async with sqlite_world.client(Role.SUPERVISOR) as client:
        answer = await client.request(method, f"/api/v1/calls/{CALL}/{path}", json=body)
        assert answer.status_code == 202, answer.text
        shown = await client.get(f"/api/v1/commands/{answer.json()['command_id']}")
    async with sqlite_world.database.reading() as session:
        row = await session.get_one(Command, answer.json()["command_id"])
    assert (row.node, row.call_id, row.asked_by) == ("pbx", CALL, user_id(Role.SUPERVISOR))
    assert row.body == stored
    assert read_body(row.body).kind == stored["kind"]
    assert shown.json()["state"] == "asked"


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.LEADER])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "connect", MARKET),
        ("post", "handover", MARKET),
        ("post", "connects/r1/cancel", None),
        ("post", f"parties/{LIAISON}/mute", {}),
        ("post", f"parties/{CITIZEN}/aside", {}),
        ("delete", f"parties/{LIAISON}", None),
    ],
)
async def test_who_answers_calls_commands_their_own_and_no_other(
    sqlite_world: World, role: Role, method: str, path: str, body: Any
) -> None:
    await sqlite_world.given_call()
    await sqlite_world.given_call("pbx-2.2")
    async with sqlite_world.client(role) as client:
        mine = await client.request(method, f"/api/v1/calls/{CALL}/{path}", json=body)
        theirs = await client.request(method, f"/api/v1/calls/pbx-2.2/{path}", json=body)
        await sqlite_world.happened(
            f.LegEnded(at=now(), call_id=CALL, leg_id=OPERATOR, role="operator", cause=16)
        )
        left = await client.request(method, f"/api/v1/calls/{CALL}/{path}", json=body)
    async with sqlite_world.client(Role.SUPERVISOR) as client:
        any_call = await client.request(method, f"/api/v1/calls/pbx-2.2/{path}", json=body)
    assert mine.status_code == 202
    assert [x.status_code for x in (theirs, left)] == [403, 403]
    assert theirs.json()["title"] == "只有本通话的话务员或班长可以操作"
    assert theirs.json()["reason"] == "not_your_call"
    assert any_call.status_code == 202


async def test_the_phone_they_signed_in_at_counts_while_they_are_signed_in(
    sqlite_world: World,
) -> None:
    await sqlite_world.given_call("pbx-2.2")
    leg = f.LegStarted(
        at=START, call_id="pbx-2.2", leg_id="o2", role="operator", channel="x", person_id="1007"
    )
    await sqlite_world.happened(leg, number="1007")
    async with sqlite_world.client(Role.OPERATOR) as client:
        path = "/api/v1/calls/pbx-2.2/connect"
        at_desk = {"at": START, "operator_id": "operator", "extension": "1007"}
        before = await client.post(path, json=MARKET)
        await sqlite_world.happened(f.OperatorSignedIn(**at_desk))
        signed_in = await client.post(path, json=MARKET)
        await sqlite_world.happened(f.OperatorSignedOut(**at_desk))
        signed_out = await client.post(path, json=MARKET)
    assert [x.status_code for x in (before, signed_in, signed_out)] == [403, 202, 403]


async def test_a_call_that_is_over_refuses_at_once_and_a_strange_one_is_not_found(
    world: World,
) -> None:
    await world.given_call(ended=True)
    async with world.client(Role.OPERATOR) as client:
        over = await client.post(CONNECT, json=MARKET)
        strange = await client.post("/api/v1/calls/pbx-9.9/connect", json=MARKET)
    assert (over.status_code, over.json()["reason"]) == (409, "call_over")
    assert strange.status_code == 404
    assert world.nudged == []


async def test_a_repeated_press_after_the_end_still_tells_how_it_went(world: World) -> None:
    await world.given_call()
    key = {"Idempotency-Key": "press-1"}
    async with world.client(Role.OPERATOR) as client:
        asked = (await client.post(CONNECT, json=MARKET, headers=key)).json()
        await world.happened(
            f.CommandRefused(
                at=now(), call_id=CALL, command_id=asked["command_id"], reason="nobody_on_duty"
            ),
            f.CallEnded(at=now(), call_id=CALL),
        )
        again = await client.post(CONNECT, json=MARKET, headers=key)
    assert again.status_code == 202
    assert again.json()["command_id"] == asked["command_id"]
    assert again.json()["reason_text"] == "该单位此时无人值班"


@pytest.mark.parametrize("reason", ["", "x", "   ", "质检\u0000抽查", None])
async def test_nobody_listens_without_a_reason(sqlite_world: World, reason: str | None) -> None:
    await sqlite_world.given_call()
    async with sqlite_world.client(Role.SUPERVISOR) as client:
        body = {"mode": "listen", "reason": reason}
        answer = await client.post(f"/api/v1/calls/{CALL}/listen", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["body.reason"]


async def test_operators_sign_their_phone_in_and_out(sqlite_world: World) -> None:
    async with sqlite_world.client(Role.OPERATOR) as client:
        kinds = [
            (await client.post(f"/api/v1/operators/me/{path}", json=body)).json()["kind"]
            for path, body in (
                ("sign-in", {"extension": "1001"}), ("pause", {"reason": "午休"}), ("sign-out", {}),
            )
        ]  # fmt: skip
        await sqlite_world.happened(
            f.OperatorSignedIn(at=START, operator_id="operator", extension="1001")
        )
        operators = (await client.get("/api/v1/operators")).json()
    assert kinds == ["sign_in", "pause", "sign_out"]
    assert [(o["operator_id"], o["state"]) for o in operators] == [("operator", "ready")]


@pytest.mark.parametrize("path", ["sign-out", "pause", "ready"])
async def test_nobody_commands_the_phone_at_which_somebody_else_sits(
    sqlite_world: World, path: str
) -> None:
    colleague = {"at": START, "operator_id": "colleague", "extension": "1002"}
    await sqlite_world.happened(f.OperatorSignedIn(**colleague))
    body = {"extension": "1002", **({"reason": "午休"} if path == "pause" else {})}
    async with sqlite_world.client(Role.OPERATOR) as client:
        refused = await client.post(f"/api/v1/operators/me/{path}", json=body)
        await sqlite_world.happened(f.OperatorSignedOut(**colleague))
        taken = await client.post(f"/api/v1/operators/me/{path}", json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "about:blank")
    assert taken.status_code == 202


async def test_who_sits_elsewhere_means_that_phone(sqlite_world: World) -> None:
    at_desk = {"at": START, "operator_id": "operator", "extension": "1007"}
    await sqlite_world.happened(f.OperatorSignedIn(**at_desk))
    async with sqlite_world.client(Role.OPERATOR) as client:
        answer = await client.post("/api/v1/operators/me/sign-out", json={})
    async with sqlite_world.database.reading() as session:
        row = await session.get_one(Command, answer.json()["command_id"])
    assert row.body["extension"] == "1007"


async def test_nobody_sits_down_at_a_phone_while_somebody_else_talks_on_it(
    sqlite_world: World,
) -> None:
    await sqlite_world.given_call()
    await sqlite_world.happened(
        f.OperatorSignedIn(at=START, operator_id="colleague", extension="1001")
    )
    async with sqlite_world.client(Role.OPERATOR) as client:
        body = {"extension": "1001"}
        refused = await client.post("/api/v1/operators/me/sign-in", json=body)
        await sqlite_world.happened(
            f.LegEnded(at=START, call_id=CALL, leg_id=OPERATOR, role=LegRole.OPERATOR, cause=16)
        )
        taken = await client.post("/api/v1/operators/me/sign-in", json=body)
    assert (refused.status_code, refused.json()["reason"]) == (409, "operator_busy")
    assert taken.status_code == 202


async def test_an_operator_cannot_look_up_a_command_to_listen(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    async with sqlite_world.client(Role.SUPERVISOR) as client:
        body = {"mode": "listen", "reason": "质检抽查"}
        answer = await client.post(f"/api/v1/calls/{CALL}/listen", json=body)
        path = f"/api/v1/commands/{answer.json()['command_id']}"
        assert (await client.get(path)).status_code == 200
    async with sqlite_world.client(Role.OPERATOR) as client:
        assert (await client.get(path)).status_code == 404


async def test_who_replayed_a_call_is_in_its_facts_for_auditors_only(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    await sqlite_world.happened(
        RecordingOpened(at=START, call_id=CALL, by="u", what="mix", file="")
    )
    kinds = {}
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        async with sqlite_world.client(role) as client:
            facts = (await client.get(f"/api/v1/calls/{CALL}/facts")).json()
        kinds[role] = [fact["kind"] for fact in facts]
    assert "recording_opened" not in kinds[Role.SUPERVISOR]
    assert kinds[Role.AUDITOR] == [*kinds[Role.SUPERVISOR], "recording_opened"]


async def test_facts_of_a_call_in_order_from_any_number(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    await sqlite_world.given_call("pbx-2.2")
    async with sqlite_world.client(Role.AUDITOR) as client:
        all_of_them = (await client.get(f"/api/v1/calls/{CALL}/facts")).json()
        cut = all_of_them[2]["number"]
        rest = (await client.get(f"/api/v1/calls/{CALL}/facts", params={"after": cut})).json()
    assert all_of_them[0]["kind"] == "call_started"
    assert rest == all_of_them[3:]
    assert NUMBER not in str(all_of_them)
