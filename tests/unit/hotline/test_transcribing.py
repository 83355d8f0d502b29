"""Which tracks of a call are transcribed, and where their words lie."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hotline.settings import Settings
from hotline.work.stages import Transcribing
from recording.tables import Recording, Track
from store.database import Database

CALL = "pbx-1764000000.1"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def given_part(part: int, starts: datetime, offsets: dict[str, int]) -> list[Recording | Track]:
    """`offsets`: role → ms after this part's own start."""
    sha = str(part) * 64
    tracks = [
        Track(
            recording_id=sha, file=f"{role}.flac", leg_id=role, role=role, sha256="",
            offset_ms=ms, seconds=1.0, repaired=False,
        )
        for role, ms in offsets.items()
    ]  # fmt: skip
    recording = Recording(
        recording_id=sha, call_id=CALL, part=part, node="pbx", sealed_at=NOON, clock_start=starts,
        folder=f"2026/11/24/{CALL}.{part}", manifest_sha256=sha, previous="", seconds=9.0,
    )  # fmt: skip
    return [recording, *tracks]


async def test_tracks_of_all_parts_lie_on_the_first_parts_clock(tmp_path: Path) -> None:
    """
    12:00:00.000 | citizen  | part 1
    12:00:02.500 | operator | part 1
    12:00:07.250 | liaison  | part 2
    12:00:08.250 | leader   | part 2
    """
    database = Database(f"sqlite:///{tmp_path / 'main.sqlite'}")
    await database.create_all()
    late = NOON + timedelta(seconds=7.25)
    # Written first: what comes first is told by the part.
    for part in (
        given_part(2, late, {"liaison": 0, "leader": 1000}),
        given_part(1, NOON, {"citizen": 0, "operator": 2500}),
    ):
        recording, *its_tracks = part
        async with database.transaction() as session:
            session.add(recording)
            await session.flush()
            session.add_all(its_tracks)
    async with database.reading() as session:
        tracks = await Transcribing(Settings(data_dir=tmp_path))._tracks(session, CALL)
    await database.close()
    assert {track.role: track.offset_ms for track in tracks} == {
        "citizen": 0, "operator": 2500, "liaison": 7250, "leader": 8250,
    }  # fmt: skip
    assert {track.path.parent.name for track in tracks} == {f"{CALL}.1", f"{CALL}.2"}
