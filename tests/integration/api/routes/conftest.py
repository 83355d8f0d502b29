"""Fixtures: a world on either database, and one on SQLite where the database is not the point."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.database import Database
from tests.integration.api.routes.world import World


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "archive")


@pytest.fixture
async def sqlite_world(tmp_path: Path) -> AsyncIterator[World]:
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    await database.create_all()
    yield World(database, tmp_path / "archive")
    await database.close()
