"""Room api: manifests, tracks, transcripts. Whoever opens one is written down first."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi import Path as PathParam
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Who
from api.parts import ApiParts, Asking, Parts
from api.problems import Problem
from api.proof import chain_problem, problems_of
from api.routes.params import CallId
from api.visible import heard_by
from recording.facts import RecordingOpened
from recording.manifest import Manifest, read_manifest
from recording.replay import Unsatisfiable, Whole, parse_range
from recording.tables import Recording
from store import journal
from store.base import now
from transcription.tables import Transcript
from transcription.words import Timeline

router = APIRouter(tags=["recordings"])
FileName = Annotated[str, PathParam(pattern=r"^[a-z0-9-]{1,40}\.flac$")]
Part = Annotated[int, Query(ge=1, le=99, description="2 and more: tracks found after the seal")]
RangeHeader = Annotated[str | None, Header(alias="Range", max_length=200)]
IfRange = Annotated[str | None, Header(alias="If-Range", max_length=200)]
MIX = "mix.flac"
BLOCK = 1 << 16


class RecordingView(BaseModel):
    """The manifest and what it proves. `verified`: null where it was not asked for."""

    manifest: Manifest
    manifest_sha256: str
    parts: int
    verified: bool | None
    problems: list[str]


@router.get("/calls/{call_id}/recording", name="get_recording")
async def get_recording(
    who: Asking, parts: Parts, call_id: CallId,
    verify: Annotated[bool, Query(description="hash every file again")] = False,
    part: Part = 1,
) -> RecordingView:  # fmt: skip
    """What was recorded, sealed when, chained to what."""
    row = await _opened(parts, who, call_id, part, "manifest")
    folder = _folder(parts, row)
    try:
        manifest = await asyncio.to_thread(read_manifest, folder)
        problems = await _problems(parts, folder, manifest, row) if verify else []
    except (OSError, ValueError):
        raise _unreadable(call_id) from None
    return RecordingView(
        manifest=manifest, manifest_sha256=row.manifest_sha256,
        parts=await _parts_of(parts, call_id),
        verified=not problems if verify else None, problems=problems,
    )  # fmt: skip


@router.get("/calls/{call_id}/recording/mix", name="get_mix", response_class=StreamingResponse)
async def get_mix(
    who: Asking, parts: Parts, call_id: CallId, part: Part = 1,
    range_header: RangeHeader = None, if_range: IfRange = None,
) -> Response:  # fmt: skip
    """Everybody in one file, for the ear; ranges as in RFC 9110."""
    return await _file(parts, who, call_id, part, MIX, None if if_range else range_header)


# `files` is the address of the first version; both stay.
@router.get(
    "/calls/{call_id}/recording/files/{file}", name="get_recording_file",
    response_class=StreamingResponse,
)  # fmt: skip
@router.get(
    "/calls/{call_id}/recording/tracks/{file}", name="get_track", response_class=StreamingResponse
)
async def get_track(
    who: Asking, parts: Parts, call_id: CallId, file: FileName, part: Part = 1,
    range_header: RangeHeader = None, if_range: IfRange = None,
) -> Response:  # fmt: skip
    """One person's file as the manifest names it; ranges as in RFC 9110."""
    # No validator is sent, so an If-Range can only be somebody else's: send everything.
    return await _file(parts, who, call_id, part, file, None if if_range else range_header)


@router.get("/calls/{call_id}/transcript", name="get_transcript", response_model=Timeline)
async def get_transcript(who: Asking, parts: Parts, call_id: CallId) -> dict[str, Any]:
    """Who said what when, word by word; times in seconds on the call's clock."""
    async with parts.database.transaction() as session:
        row = await session.get(Transcript, call_id)
        if row is None or row.timeline is None:
            raise Problem(404, "尚无转写 / no transcript yet", row.error or "" if row else "")
        await write_down(session, call_id, who.user_id, "transcript")
    return heard_by(who.role, row.timeline)


async def write_down(
    session: AsyncSession, call_id: str, user_id: str, what: str, file: str = ""
) -> None:
    """The fact that this person opens it; nothing leaves before it is committed."""
    fact = RecordingOpened(at=now(), call_id=call_id, by=user_id, what=what, file=file)
    await journal.append(session, fact)


async def _opened(
    parts: ApiParts, who: Who, call_id: str, part: int, what: str, file: str = ""
) -> Recording:
    """The recording's row, after the fact that it was opened is committed."""
    async with parts.database.transaction() as session:
        row = await session.scalar(
            select(Recording).where(Recording.call_id == call_id, Recording.part == part)
        )
        if row is None:
            raise Problem(404, "尚无录音 / no sealed recording", call_id)
        await write_down(session, call_id, who.user_id, what, file)
    return row


async def _file(
    parts: ApiParts, who: Who, call_id: str, part: int, file: str, range_header: str | None
) -> Response:
    what = "mix" if file == MIX else "track"
    row = await _opened(parts, who, call_id, part, what, file)
    path = _folder(parts, row) / file
    if path.is_symlink() or not path.is_file():
        raise Problem(404, "没有这个录音文件 / no such file", file)
    size = path.stat().st_size
    asked = parse_range(range_header, size)
    if isinstance(asked, Unsatisfiable):
        raise Problem(
            416, "范围无效 / range not satisfiable", asked.content_range,
            headers={"Content-Range": asked.content_range},
        )  # fmt: skip
    headers = {"Accept-Ranges": "bytes"}
    first, length, status = 0, size, 200
    if not isinstance(asked, Whole):
        first, length, status = asked.first, asked.length, 206
        headers["Content-Range"] = asked.content_range
    headers["Content-Length"] = str(length)
    return StreamingResponse(_bytes(path, first, length), status, headers, "audio/flac")


def _folder(parts: ApiParts, row: Recording) -> Path:
    """Where it lies; never outside the archive, whatever the row says."""
    archive = parts.archive.resolve()
    folder = (archive / row.folder).resolve()
    if not folder.is_relative_to(archive) or folder == archive:
        raise _unreadable(row.call_id)
    return folder


def _unreadable(call_id: str) -> Problem:
    return Problem(410, "录音封存不可读 / the sealed recording cannot be read", call_id)


async def _parts_of(parts: ApiParts, call_id: str) -> int:
    async with parts.database.reading() as session:
        return await session.scalar(
            select(func.count()).select_from(Recording).where(Recording.call_id == call_id)
        ) or 0  # fmt: skip


async def _problems(parts: ApiParts, folder: Path, manifest: Manifest, row: Recording) -> list[str]:
    # In a thread: hashing a long call must not keep everybody else waiting.
    found = await asyncio.to_thread(lambda: list(problems_of(folder, manifest, row)))
    async with parts.database.reading() as session:
        before = select(Recording.recording_id).where(
            Recording.node == row.node, Recording.manifest_sha256 == row.previous
        )
        others = select(func.count()).where(
            Recording.node == row.node, Recording.previous == row.previous,
            Recording.recording_id != row.recording_id,
        )  # fmt: skip
        broken = chain_problem(
            row, (await session.scalar(before)) is not None, await session.scalar(others) or 0
        )
    return [*found, *([broken] if broken else [])]


def _bytes(path: Path, first: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while length > 0 and (block := file.read(min(BLOCK, length))):
            length -= len(block)
            yield block
