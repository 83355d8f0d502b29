"""Every route × every role, against the table and against real answers."""

from typing import Any

import pytest

from api.app import UNRULED, RouteWithoutRule, create_app, route_names
from api.permissions import MATRIX, Role
from api.routes import session
from tests.integration.api.routes.world import CALL, LIAISON, World

METHODS = ("get", "post", "put", "delete")
FILLED = {
    "call_id": CALL, "leg_id": LIAISON, "request_id": "r1", "command_id": "c1",
    "file": "01-citizen.flac", "unit_id": "market", "operator_id": "operator",
    "field": "unit",
}  # fmt: skip
# A body that is right; all other routes with a body take an empty one or refuse it with 422.
BODIES: dict[str, Any] = {
    "connect": {"unit_id": "market"}, "handover": {"unit": "110"},
    "add_matter": {"title": "路灯不亮"},
}  # fmt: skip


def _operations(world: World) -> dict[str, tuple[str, str]]:
    """Route name → method and path."""
    return {
        operation["operationId"]: (method, path)
        for path, methods in world.app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


async def _status(world: World, name: str, number: str, role: Role | None) -> int:
    method, path = _operations(world)[name]
    address = path.format(**FILLED, number=number)
    async with world.client(role) as client:
        answer = await client.request(
            method, address, json=BODIES.get(name, {}) if method in ("post", "put") else None
        )
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code


async def test_every_route_answers_each_role_as_the_table_says(sqlite_world: World) -> None:
    number = await sqlite_world.given_everything()
    wrong = []
    for name, roles in MATRIX.items():
        if name == "feed":  # a WebSocket: tests/integration/api/routes/test_feed.py
            continue
        for role in (None, *Role):
            status = await _status(sqlite_world, name, number, role)
            expected = _expected(name, roles, role)
            if (status if status in (401, 403) else "served") != expected or status >= 500:
                wrong.append(f"{name} as {role}: {status}, expected {expected}")
    assert wrong == []


def _expected(name: str, roles: frozenset[Role] | None, role: Role | None) -> int | str:
    if roles is None:
        return "served"
    if role is None:
        return 401
    return "served" if role in roles else 403


async def test_no_route_is_without_a_rule_and_no_rule_without_a_route(sqlite_world: World) -> None:
    assert route_names(sqlite_world.app) - UNRULED == set(MATRIX)
    assert set(_operations(sqlite_world)) == set(MATRIX) - {"feed"}


async def test_an_application_with_an_unruled_route_does_not_start(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(MATRIX, "me")
    with pytest.raises(RouteWithoutRule, match="me"):
        create_app(sqlite_world.app.state.parts)
    assert session.router.routes, "the routers themselves are untouched"
