"""Facts of recordings become rows, once."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from recording.facts import RecordingSealed
from recording.projection import PROJECTIONS
from recording.tables import Recording, Track
from store.database import Database

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


async def test_a_seal_that_is_told_again_has_its_row_already(tmp_path: Path) -> None:
    """As by a node whose journal is older than the main database."""
    database = Database(f"sqlite:///{tmp_path / 'main.sqlite'}")
    await database.create_all()
    track = {
        "leg_id": "leg.1", "role": "citizen", "file": "01-citizen.flac", "sha256": "a" * 64,
        "offset_ms": 0, "seconds": 4.0, "repaired": False,
    }  # fmt: skip
    fact = RecordingSealed(
        at=NOON, call_id="pbx-1764000000.1", node="pbx", part=1, folder="2026/11/24/c",
        manifest_sha256="b" * 64, previous="", clock_start=NOON, seconds=4.0, tracks=[track],
    )  # fmt: skip
    for _ in range(2):
        async with database.transaction() as session:
            await PROJECTIONS[RecordingSealed](session, fact, {})
    async with database.reading() as session:
        rows = list(await session.scalars(select(Recording)))
        tracks = list(await session.scalars(select(Track)))
    await database.close()
    assert [(row.part, row.seconds) for row in rows] == [(1, 4.0)]
    assert [row.file for row in tracks] == ["01-citizen.flac"]
