"""Which tracks of a call are transcribed, when, and where their words lie."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from hotline.owed.ledger import TRANSCRIBE, lease, owe
from hotline.owed.tables import OwedWork
from hotline.settings import Settings
from hotline.work import stages
from hotline.work.stages import Transcribing
from recording.tables import Recording, Track
from store.base import now
from store.database import Database
from transcription.tables import Transcript
from transcription.timeline import TrackAudio
from transcription.words import Timeline

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


async def kept(database: Database, part: list[Recording | Track]) -> None:
    recording, *its_tracks = part
    async with database.transaction() as session:
        session.add(recording)
        await session.flush()
        session.add_all(its_tracks)


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
    await kept(database, given_part(2, late, {"liaison": 0, "leader": 1000}))
    await kept(database, given_part(1, NOON, {"citizen": 0, "operator": 2500}))
    async with database.reading() as session:
        tracks = await Transcribing(Settings(data_dir=tmp_path))._tracks(session, CALL)
    await database.close()
    assert {track.role: track.offset_ms for track in tracks} == {
        "citizen": 0, "operator": 2500, "liaison": 7250, "leader": 8250,
    }  # fmt: skip
    assert {track.path.parent.name for track in tracks} == {f"{CALL}.1", f"{CALL}.2"}


async def test_a_part_that_is_sealed_during_the_decode_is_transcribed_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    part 1 is decoded; meanwhile part 2 is sealed | the work is owed again
    both are decoded                              | done
    """
    url = f"sqlite:///{tmp_path / 'main.sqlite'}"
    database = Database(url)
    await database.create_all()
    await kept(database, given_part(1, NOON, {"citizen": 0}))
    async with database.transaction() as session:
        await owe(session, CALL, TRANSCRIBE)
    decoded: list[int] = []

    def decode(tracks: Sequence[TrackAudio], *_: object) -> Timeline:
        decoded.append(len(tracks))
        if len(tracks) == 1:
            asyncio.run(seal_part_2(url))
        return Timeline(
            utterances=(), engine="vosk", model="m", why="", language="zh",
            seconds_audio=float(len(tracks)), seconds_spent=0.1,
        )  # fmt: skip

    monkeypatch.setattr(stages, "transcribe_call", decode)
    transcribing = Transcribing(Settings(data_dir=tmp_path))
    monkeypatch.setattr(transcribing, "_choice", SimpleNamespace(engine=None, why=""))
    for _ in range(2):
        async with database.transaction() as session:
            work = await lease(session, CALL, TRANSCRIBE, "me", now())
        assert work is not None
        await transcribing.do(database, work)
    async with database.reading() as session:
        owed = await session.get_one(OwedWork, (CALL, TRANSCRIBE))
        transcript = await session.get_one(Transcript, CALL)
    await database.close()
    assert decoded == [1, 2]
    assert (owed.state, transcript.seconds_audio) == ("done", 2.0)


async def seal_part_2(url: str) -> None:
    """As the controller does, beside the transcriber: the row, and what is owed for it."""
    database = Database(url)
    await kept(database, given_part(2, NOON + timedelta(seconds=9), {"liaison": 0}))
    async with database.transaction() as session:
        await owe(session, CALL, TRANSCRIBE, again=True)
    await database.close()
