"""Fixtures: the interface with an account of each role, one live call and one sealed one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.accounts import hash_password
from api.health import PartHealth
from api.permissions import Role
from api.tables import User
from store.base import new_id
from store.database import Database
from telephony import facts as f
from telephony.roles import Role as LegRole
from tests.integration.api.routes.world import CALL, PHONES, START, World

PASSWORD = "correct horse"
LIVE, ENDED = "pbx-1764000100.1", CALL


@dataclass
class Bench:
    """`well` is what the controller is said to be; accounts are named like their roles."""

    world: World
    stack: AsyncExitStack
    nudges: list[None] = field(init=False)

    def __post_init__(self) -> None:
        self.nudges = self.world.nudged
        self.well = True

    @property
    def app(self) -> FastAPI:
        return self.world.app

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def archive(self) -> Path:
        return self.world.archive

    @property
    def well(self) -> bool:
        return all(part.well for part in self.world.parts_health)

    @well.setter
    def well(self, value: bool) -> None:
        self.world.parts_health = [PartHealth("controller", value, "" if value else "silent")]

    def client(self) -> httpx.AsyncClient:
        """Not signed in; use it as a context manager."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://hotline")

    async def token(self, username: str) -> str:
        """By really signing in."""
        async with self.client() as client:
            body = {"username": username, "password": PASSWORD}
            return str((await client.post("/api/v1/sign-in", json=body)).json()["token"])

    async def signed_in(self, username: str) -> httpx.AsyncClient:
        """Closed at the end of the test."""
        client = await self.stack.enter_async_context(self.client())
        client.headers["Authorization"] = f"Bearer {await self.token(username)}"
        return client


@cache
def _hash() -> str:
    """Of the one password: it takes as long as guessing one is meant to."""
    return hash_password(PASSWORD)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    await database.create_all()
    world = World(database, tmp_path / "archive")
    async with database.transaction() as session:
        for role in Role:
            session.add(
                User(
                    user_id=new_id(), username=role.value, name=role.value, role=role.value,
                    password_hash=_hash(), extension=PHONES.get(role), active=True, failures=0,
                )
            )  # fmt: skip
    await world.given_call(LIVE)
    await world.happened(
        f.LegStarted(
            at=START, call_id=LIVE, leg_id="live-operator", role=LegRole.OPERATOR, channel="x",
            person_id="1001",
        ),
        number="1001",
    )  # fmt: skip
    await world.given_call(ENDED, ended=True)
    await world.given_recording(ENDED)
    async with AsyncExitStack() as stack:
        yield Bench(world, stack)
    await database.close()
