"""The drill: a backup beside a live call, everything destroyed, restored, and it goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.backup.snapshot import check_recording, newest_snapshot, read_snapshot
from hotline.installation import Installation
from hotline.projection import project
from hotline.set_up import prepare
from hotline.settings import Settings
from recording.facts import RecordingSealed
from store.base import now
from store.forwarder import Forwarder
from store.node_journal import Entry
from store.tables import FactRow
from telephony import facts as f
from tests.e2e.scenes import everybody_leaves, given_bridged_call, pass_of
from tests.e2e.stage import Stage, given_stage, until
from tests.integration.operations.program import hotline
from tests.postgres import PostgresServer

# Stories with a whole service keep a processor busy: one of them at a time.
pytestmark = pytest.mark.xdist_group("service")


async def copied(stage: Stage) -> list[int]:
    """Numbers of the node's journal in the main one, in the order they came."""
    async with stage.database.reading() as session:
        rows = await session.scalars(
            select(FactRow).where(FactRow.node.is_not(None)).order_by(FactRow.number)
        )
        return [row.node_number or 0 for row in rows]


async def everything_forwarded_once(stage: Stage) -> None:
    assert stage.part is not None
    journal = stage.part.journal
    await until(lambda: journal.forwarded >= journal.newest, 20, "everything forwarded")
    numbers = await copied(stage)
    assert len(numbers) == len(set(numbers))
    assert numbers == sorted(numbers)
    own = {entry.number for entry in journal.after(0, 10_000)}
    assert own <= set(numbers)


async def seals(stage: Stage) -> list[dict[str, str]]:
    return [row.data for row in await stage.facts("recording_sealed")]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_the_drill(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """
    moment             | calls            | afterwards
    before             | one, sealed      | there, its seal unbroken
    during the backup  | one, live        | its line broke; what was recorded is sealed
    after the restore  | one more         | chained to the others, nothing twice
    """
    url, server = "", None
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = server.new_database()
    backup = tmp_path / "backup"
    async with given_stage(database=url) as stage:
        city = stage.city
        async with stage.desk():
            await given_bridged_call(stage)
            await pass_of(0.5)
            await everybody_leaves(stage, city.citizen, city.operator)
            await stage.sealed()
            await stage.until_tickets(1)

        await city.citizen.dial()
        await stage.until_call(lambda call: call.at("pair") == {"citizen", "operator"}, number=1)
        await pass_of(3.0)  # Asterisk writes what it hears in blocks of two seconds
        made = await hotline(stage.settings, "backup", str(backup))
        assert made.code == 0, made.error
        assert (await stage.call(1)).at("pair") == {"citizen", "operator"}
        before = await copied(stage)

        await lose_everything(stage, server)
        restored = await hotline(stage.settings, "restore", str(backup))
        assert restored.code == 0, restored.error
        again = await hotline(stage.settings, "restore", str(backup))
        assert again.code == 1 and "Traceback" not in again.error
        await begin_again(stage)

        broken = await stage.until_call(lambda call: call.row.stage == "ended", number=1, within=30)
        assert broken.row.line_broke
        await stage.sealed(1, within=30)
        kept = await copied(stage)
        assert kept[0] == before[0] and broken.row.call_id != (await stage.call(0)).call_id

        await city.citizen.hang_up()
        await city.operator.hang_up()
        await city.phones_registered(stage.pbx, len(stage.settings.phones), within=150)
        members = await stage.pbx.command("queue show hotline")
        assert "op-1001" in members, "who was signed in still is"
        await city.citizen.dial()
        await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, number=2, within=20
        )
        await pass_of(0.5)
        await city.citizen.hang_up()
        await stage.until_call(lambda call: call.row.stage == "ended", number=2)
        await stage.sealed(2)
        await everything_forwarded_once(stage)

        chain = await seals(stage)
        assert [seal["previous"] for seal in chain] == [
            "", *(seal["manifest_sha256"] for seal in chain[:-1])
        ]  # fmt: skip
        for seal in chain:
            check_recording(stage.settings.archive / seal["folder"])


async def lose_everything(stage: Stage, server: PostgresServer | None) -> None:
    """The machine burns, with its database."""
    await stage.stop_controller()
    stage.pbx.kill()
    await stage.database.close()
    shutil.rmtree(stage.settings.data_dir)
    if server is not None:
        server.drop_database(stage.settings.database)
        server.run(f"CREATE DATABASE {stage.settings.database.rpartition('/')[2]}")


async def begin_again(stage: Stage) -> None:
    """As `hotline up` does."""
    await prepare(stage.installation)
    stage.database = stage.installation.open_database()
    stage.pbx.start()
    await stage.pbx.ready()
    await stage.start_controller()


async def test_a_node_is_restored_beside_a_database_that_was_not_lost(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """Facts after the backup are in main alone; new ones never take their numbers."""
    url = postgres_server.new_database()
    settings = Settings(data_dir=tmp_path / "data", database=url)
    place = Installation(settings)
    await prepare(place)

    async def forward(*facts: object) -> None:
        journal = place.open_journal()
        journal.append([Entry(fact) for fact in facts])  # type: ignore[arg-type]
        database = place.open_database()
        await Forwarder(journal, database, project).copy_batch()
        await database.close()
        journal.close()

    def started(name: str) -> f.CallStarted:
        return f.CallStarted(at=now(), call_id=name, node="pbx", called="12345")

    def sealed(name: str, sha: str, previous: str) -> RecordingSealed:
        return RecordingSealed(
            at=now(), call_id=name, node="pbx", part=1, folder=name, manifest_sha256=sha,
            previous=previous, clock_start=now(), seconds=1.0, tracks=[],
        )  # fmt: skip

    await forward(started("a"), sealed("a", "sha-a", ""))
    backup = tmp_path / "backup"
    assert (await hotline(settings, "backup", str(backup))).code == 0
    await forward(started("b"), sealed("b", "sha-b", "sha-a"))
    shutil.rmtree(settings.data_dir)

    refused = await hotline(settings, "restore", str(backup))
    assert refused.code == 1 and "--keep-database" in refused.error
    done = await hotline(settings, "restore", str(backup), "--keep-database")
    assert done.code == 0, done.error
    await forward(started("c"))

    journal = place.open_journal()
    newest = journal.newest_of(RecordingSealed.kind)
    journal.close()
    assert isinstance(newest, RecordingSealed) and newest.manifest_sha256 == "sha-b"
    database = place.open_database()
    async with database.reading() as session:
        rows = list(await session.scalars(select(FactRow).order_by(FactRow.number)))
    await database.close()
    started_calls = [row.call_id for row in rows if row.kind == "call_started"]
    assert started_calls == ["a", "b", "c"]
    assert len([row for row in rows if row.kind == "recording_sealed"]) == 2


async def test_a_second_backup_copies_only_what_is_new_and_a_damaged_copy_is_not_restored(
    tmp_path: Path,
) -> None:
    async with given_stage() as stage:
        city = stage.city
        await given_bridged_call(stage)
        await pass_of(0.5)
        await everybody_leaves(stage, city.citizen, city.operator)
        folder, _ = await stage.sealed()
        backup = tmp_path / "backup"
        assert (await hotline(stage.settings, "backup", str(backup))).code == 0
        copy = backup / "archive" / folder.relative_to(stage.settings.archive)
        inode = next(copy.glob("*.flac")).stat().st_ino
        assert (await hotline(stage.settings, "backup", str(backup))).code == 0
        assert next(copy.glob("*.flac")).stat().st_ino == inode
        assert len(list((backup / "snapshots").iterdir())) == 2
        snapshot = read_snapshot(newest_snapshot(backup))
        assert [sealed.folder for sealed in snapshot.recordings] == [
            str(folder.relative_to(stage.settings.archive))
        ]
        assert all(path.stat().st_mode & 0o077 == 0 for path in backup.rglob("*") if path.is_file())
        inside = await hotline(stage.settings, "backup", str(stage.settings.data_dir / "backup"))
        assert inside.code == 1

        track = next(copy.glob("*.flac"))
        track.chmod(0o600)
        await asyncio.to_thread(track.write_bytes, b"something else")
        empty = stage.settings.model_copy(update={"data_dir": tmp_path / "empty"})
        restored = await hotline(empty, "restore", str(backup))
        assert restored.code == 1 and track.name in restored.error
        assert (tmp_path / "empty" / "hotline.sqlite").exists()
        assert not list(empty.archive.rglob(folder.name))
