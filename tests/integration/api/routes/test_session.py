"""Signing in: right, wrong, too often, expired, revoked."""

import asyncio
import threading
from datetime import timedelta
from hashlib import sha256

import pytest
from pwdlib import PasswordHash
from sqlalchemy import select

from api import accounts
from api.accounts import BadAccount, SignInFailed, add_user, disable_user
from api.brake import Brake
from api.permissions import Role
from api.tables import Token
from store.base import now
from telephony.commands import SignOut, read_body
from telephony.tables import Command, Operator
from tests.integration.api.routes.world import World

PASSWORD = "correct horse"


async def _given_user(world: World, username: str = "wang") -> None:
    async with world.database.transaction() as session:
        await add_user(session, username, name="王", role="operator", password=PASSWORD)


async def test_a_token_works_until_sign_out(world: World) -> None:
    await _given_user(world)
    async with world.client() as client:
        body = {"username": "wang", "password": PASSWORD}
        answer = await client.post("/api/v1/sign-in", json=body)
        assert answer.status_code == 200
        signed_in = answer.json()
        assert (signed_in["role"], signed_in["name"]) == ("operator", "王")
        client.headers["Authorization"] = f"Bearer {signed_in['token']}"
        assert (await client.get("/api/v1/me")).json()["username"] == "wang"
        assert (await client.post("/api/v1/sign-out")).status_code == 204
        gone = await client.get("/api/v1/me")
    assert gone.status_code == 401
    assert gone.headers["www-authenticate"] == "Bearer"
    users = [row["user_id"] for row in await world.facts("signed_in")]
    assert users == [row["user_id"] for row in await world.facts("signed_out")]
    assert len(users) == 1
    async with world.database.reading() as session:
        kept = list(await session.scalars(select(Token.token_hash)))
    assert kept == [sha256(signed_in["token"].encode()).hexdigest()]


async def test_an_account_added_again_or_disabled_is_signed_out_everywhere(world: World) -> None:
    """
    what is done   | the token before | signing in
    added again    | 401              | 200
    disabled       | 401              | 401
    added again    | 401              | 200
    """
    await _given_user(world)
    async with world.client() as client:

        async def signed_in() -> dict[str, str]:
            body = {"username": "wang", "password": PASSWORD}
            answer = await client.post("/api/v1/sign-in", json=body)
            return {"Authorization": f"Bearer {answer.json().get('token')}"}

        async def status(token: dict[str, str]) -> int:
            return (await client.get("/api/v1/me", headers=token)).status_code

        first = await signed_in()
        assert await status(first) == 200
        await _given_user(world)
        second = await signed_in()
        assert [await status(token) for token in (first, second)] == [401, 200]
        async with world.database.transaction() as session:
            await disable_user(session, "wang", node="pbx", by="cli:root")
        assert [await status(token) for token in (second, await signed_in())] == [401, 401]
        await _given_user(world)
        assert [await status(token) for token in (second, await signed_in())] == [401, 200]
    added = await world.facts("account_added")
    [disabled] = await world.facts("account_disabled")
    assert [(row["role"], row["new"]) for row in added] == [
        ("operator", True), ("operator", False), ("operator", False),
    ]  # fmt: skip
    assert {row["user_id"] for row in added} == {disabled["user_id"]}
    assert disabled["by"] == "cli:root"


async def test_who_is_disabled_is_asked_for_no_more_calls(world: World) -> None:
    """
    the person's phone | disabled: the controller is told to
    signed in at 1001  | sign 1001 out
    signed out         | do nothing
    """
    for username, state in (("wang", "ready"), ("zhang", "out")):
        await _given_user(world, username)
        async with world.database.transaction() as session:
            seat = Operator(
                operator_id=username, extension="1001", state=state, since=now(), skills=[]
            )
            session.add(seat)
            await session.flush()
            await disable_user(session, username, node="pbx")
    async with world.database.reading() as session:
        [asked] = await session.scalars(select(Command))
    assert (asked.node, asked.state, asked.kind) == ("pbx", "asked", "sign_out")
    assert read_body(asked.body) == SignOut(operator_id="wang", extension="1001")


async def test_a_password_changed_while_it_is_looked_at_lets_nobody_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _given_user(world)
    looked, changed = threading.Event(), threading.Event()

    class SlowHasher:
        def verify(self, password: str, stored: str) -> bool:
            looked.set()
            assert changed.wait(20)
            return PasswordHash.recommended().verify(password, stored)

    monkeypatch.setattr(accounts, "_HASHER", SlowHasher())
    trying = asyncio.create_task(
        accounts.sign_in(world.database, "wang", PASSWORD, timedelta(hours=1))
    )
    assert await asyncio.to_thread(looked.wait, 20)
    monkeypatch.undo()
    async with world.database.transaction() as session:
        await add_user(session, "wang", role="operator", password="another horse")
    changed.set()
    with pytest.raises(SignInFailed):
        await trying


async def test_the_sixth_wrong_try_from_one_address_waits_but_another_name_does_not(
    world: World,
) -> None:
    await _given_user(world)
    await _given_user(world, "zhang")
    # A password takes its time to be looked at, on a busy machine longer than the first wait: time
    # passes here when the test says so.
    moment = 1000.0
    world.app.state.brake = Brake(lambda: moment)
    async with world.client() as client:

        async def tried(name: str, password: str) -> int:
            body = {"username": name, "password": password}
            return (await client.post("/api/v1/sign-in", json=body)).status_code

        for name in ("wang", "nobody"):  # whether the name exists cannot be told
            assert [await tried(name, "wrong one") for _ in range(6)] == [401] * 5 + [429]
        assert await tried("wang", PASSWORD) == 429, "not even with the right one"
        assert await tried("zhang", PASSWORD) == 200
        body = {"username": "wang", "password": PASSWORD}
        waiting = await client.post("/api/v1/sign-in", json=body)
        assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "2")
        moment += 2.0
        assert await tried("wang", PASSWORD) == 200, "the wait is over"
    refused = [row["user_id"] for row in await world.facts("sign_in_refused")]
    assert len(refused) == 10
    assert refused.count("") == 5, "nobody's name is not written down"


async def test_an_expired_token_is_no_token(sqlite_world: World) -> None:
    secret = await sqlite_world.token(Role.OPERATOR, timedelta(seconds=-1))
    async with sqlite_world.client() as client:
        answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("username", "role", "password", "field"),
    [
        ("W", "operator", PASSWORD, "username"),
        ("wang", "king", PASSWORD, "role"),
        ("wang", "operator", "short", "password"),
    ],
)
async def test_a_bad_account_names_the_field(
    sqlite_world: World, username: str, role: str, password: str, field: str
) -> None:
    with pytest.raises(BadAccount, match=f"^{field}:"):
        async with sqlite_world.database.transaction() as session:
            await add_user(session, username, name="x", role=role, password=password)
