"""Migrations and tables say the same, on both databases; nothing is lost on the way."""

import asyncio
import shutil
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from store import migrating
from store.base import Base
from store.database import Database
from store.known import import_all
from store.migrating import BrokenReference, alembic_config

FIRST = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "one", None, None, None


def upgrade():
    op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "child",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent", sa.Integer, sa.ForeignKey("parent.id", ondelete="CASCADE")),
    )
    op.execute("INSERT INTO parent VALUES (1), (2)")
    op.execute("INSERT INTO child VALUES (10, 1), (20, 2)")
"""
SECOND = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "two", "one", None, None


def upgrade():
    with op.batch_alter_table("parent", recreate="always") as parent:
        parent.add_column(sa.Column("name", sa.String(20), nullable=True))
    op.execute("{statement}")
"""


async def in_database(url: str, what: object) -> object:
    database = Database(url)
    try:
        async with database.engine.begin() as connection:
            return await connection.run_sync(what)  # type: ignore[arg-type]
    finally:
        await database.close()


def table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def drift(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_migrations_lead_to_the_tables_of_today(database_url: str) -> None:
    modules = import_all("tables")
    assert {"store.tables", "telephony.tables", "casework.tickets.tables"} <= set(modules)
    database = Database(database_url)
    await database.migrate()
    await database.close()
    names = await in_database(database_url, table_names)
    assert isinstance(names, set)
    assert names >= set(Base.metadata.tables)
    found = await in_database(database_url, drift)
    assert found == [], "write a migration: python -m store.new_revision 'what changes'"


async def test_twice_is_as_good_as_once_and_two_at_once_take_turns(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(3)]
    await asyncio.gather(*(database.migrate() for database in databases))
    await databases[0].migrate()
    for database in databases:
        await database.close()
    names = await in_database(database_url, table_names)
    assert isinstance(names, set)
    assert "fact" in names


async def test_down_and_up_again(database_url: str) -> None:
    database = Database(database_url)
    await database.migrate()
    await in_database(database_url, lambda c: command.downgrade(alembic_config(c), "base"))
    assert await in_database(database_url, table_names) == {"alembic_version"}
    await database.migrate()
    await database.close()
    names = await in_database(database_url, table_names)
    assert isinstance(names, set)
    assert "fact" in names


@pytest.fixture
def own_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the same environment and revisions of the test's own."""
    folder = tmp_path / "100% migrations"
    (folder / "versions").mkdir(parents=True)
    shutil.copy(migrating.MIGRATIONS / "env.py", folder)
    monkeypatch.setattr(migrating, "MIGRATIONS", folder)
    (folder / "versions" / "one.py").write_text(FIRST)
    return folder


async def children(url: str) -> object:
    query = text("SELECT id FROM child ORDER BY id")
    return await in_database(url, lambda c: list(c.execute(query).scalars()))


async def test_a_new_file_may_be_begun_by_three_at_once(
    own_migrations: Path, tmp_path: Path
) -> None:
    for number in range(60):
        url = f"sqlite+aiosqlite:///{tmp_path}/{number}.sqlite"
        await asyncio.gather(*(migrating.migrate(url, "one") for _ in range(3)))


def rights(folder: Path) -> dict[str, int]:
    return {found.name: found.stat().st_mode & 0o777 for found in folder.glob("main.sqlite*")}


def given_rights_for_all(folder: Path) -> dict[str, int]:
    """A folder that anybody may read, and what lies in it."""
    folder.chmod(0o755)
    for found in folder.glob("main.sqlite*"):
        found.chmod(0o644)
    return rights(folder)


async def test_only_the_service_may_read_the_file_whoever_made_it_and_its_folder(
    own_migrations: Path, tmp_path: Path
) -> None:
    """
    the file and its companions | before | after
    are not there               |        | 0600
    anybody may read them       | 0644   | 0600
    """
    database = Database(f"sqlite:///{tmp_path}/main.sqlite")
    for before in (set(), {0o644}):
        assert set(given_rights_for_all(tmp_path).values()) == before
        await database.migrate()
        assert await children(database.url) == [10, 20]
        async with database.reading() as session:
            await session.execute(text("SELECT 1"))
            assert rights(tmp_path) == {
                "main.sqlite": 0o600, "main.sqlite-shm": 0o600, "main.sqlite-wal": 0o600
            }  # fmt: skip
    await database.close()


async def test_a_table_that_is_rebuilt_takes_no_rows_along(
    database_url: str, own_migrations: Path
) -> None:
    database = Database(database_url)
    second = SECOND.format(statement="UPDATE parent SET name = 'x'")
    if not database.is_sqlite:
        second = second.replace(', recreate="always"', "")
    (own_migrations / "versions" / "two.py").write_text(second)
    await database.migrate()
    await database.close()
    assert await children(database_url) == [10, 20]


async def test_a_migration_that_breaks_references_changes_nothing(
    tmp_path: Path, own_migrations: Path
) -> None:
    url = f"sqlite:///{tmp_path}/main.sqlite"
    database = Database(url)
    await database.migrate()
    second = SECOND.format(statement="DELETE FROM parent WHERE id = 1")
    (own_migrations / "versions" / "two.py").write_text(second)
    with pytest.raises(BrokenReference, match="child row 10 → parent"):
        await database.migrate()
    await database.close()
    columns = await in_database(
        url, lambda c: [x["name"] for x in inspect(c).get_columns("parent")]
    )
    assert columns == ["id"], "half a migration was kept"
    assert await children(url) == [10, 20]
