"""Room recording: facts → rows of the main database."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from recording.facts import RecordingGap, RecordingSealed
from recording.tables import Recording, Track
from store.base import table_of
from store.facts import Fact

Private = Mapping[str, Any]
_RECORDINGS, _TRACKS = table_of(Recording), table_of(Track)


async def _sealed(session: AsyncSession, fact: RecordingSealed, _: Private) -> None:
    # Told again after a restore, or when the node's journal has forgotten it: the same seal.
    if await session.get(Recording, fact.manifest_sha256) is not None:
        return
    await session.execute(
        insert(_RECORDINGS).values(
            recording_id=fact.manifest_sha256, call_id=fact.call_id, part=fact.part,
            node=fact.node, sealed_at=fact.at, clock_start=fact.clock_start, folder=fact.folder,
            manifest_sha256=fact.manifest_sha256, previous=fact.previous, seconds=fact.seconds,
            has_gap=False,
        )
    )  # fmt: skip
    if fact.tracks:
        tracks = [{"recording_id": fact.manifest_sha256, **track} for track in fact.tracks]
        await session.execute(insert(_TRACKS), tracks)


async def _gap(session: AsyncSession, fact: RecordingGap, _: Private) -> None:
    for row in await session.scalars(select(Recording).where(Recording.call_id == fact.call_id)):
        row.has_gap = True


PROJECTIONS: dict[type[Fact], Callable[[AsyncSession, Any, Private], Awaitable[None]]] = {
    RecordingSealed: _sealed,
    RecordingGap: _gap,
}
