"""Room api: manifests, tracks, transcripts. Whoever opens one is written down first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi import Path as PathParam
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.parts import ApiParts, Asking, Parts
from api.problems import Problem
from api.routes.calls import CallId
from recording.facts import RecordingOpened
from recording.manifest import Manifest, file_sha256, read_manifest
from recording.replay import Unsatisfiable, Whole, parse_range
from recording.tables import Recording
from store import journal
from store.base import now
from transcription.tables import Transcript

router = APIRouter(tags=["recordings"])
FileName = Annotated[str, PathParam(pattern=r"^[a-z0-9-]{1,40}\.flac$")]
BLOCK = 1 << 16


class RecordingView(BaseModel):
    """The manifest and what it proves. `verified`: None where it was not asked for."""

    manifest: Manifest
    manifest_sha256: str
    verified: bool | None
    problems: list[str]


@router.get("/calls/{call_id}/recording", name="get_recording")
async def get_recording(
    who: Asking, parts: Parts, call_id: CallId,
    verify: Annotated[bool, Query(description="hash every file again")] = False,
    part: Annotated[int, Query(ge=1, le=99)] = 1,
) -> RecordingView:  # fmt: skip
    """What was recorded, sealed when, chained to what."""
    row = await _opened(parts, call_id, part, who.user_id, "manifest")
    folder = parts.archive / row.folder
    try:
        manifest = read_manifest(folder)
    except (OSError, ValueError):
        raise Problem(
            410, "录音封存不可读 / the sealed recording cannot be read", call_id
        ) from None
    problems = list(_wrong(folder, manifest, row)) if verify else []
    return RecordingView(
        manifest=manifest, manifest_sha256=row.manifest_sha256,
        verified=not problems if verify else None, problems=problems,
    )  # fmt: skip


@router.get("/calls/{call_id}/recording/files/{file}", name="get_recording_file")
async def get_recording_file(
    request: Request, who: Asking, parts: Parts, call_id: CallId, file: FileName,
    part: Annotated[int, Query(ge=1, le=99)] = 1,
    range_header: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
) -> Response:  # fmt: skip
    """A track, or `mix.flac`; ranges as in RFC 9110."""
    row = await _opened(parts, call_id, part, who.user_id, "file", file)
    path = parts.archive / row.folder / file
    if not path.is_file():
        raise Problem(404, "没有这个录音文件 / no such file", file)
    size = path.stat().st_size
    asked = parse_range(range_header, size)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    if isinstance(asked, Unsatisfiable):
        raise Problem(416, "范围无效 / range not satisfiable", f"bytes */{size}")
    if isinstance(asked, Whole):
        first, length, status = 0, size, 200
    else:
        first, length, status = asked.first, asked.last - asked.first + 1, 206
        headers["Content-Range"] = f"bytes {asked.first}-{asked.last}/{size}"
    headers["Content-Length"] = str(length)
    return StreamingResponse(_bytes(path, first, length), status, headers, "audio/flac")


@router.get("/calls/{call_id}/transcript", name="get_transcript")
async def get_transcript(who: Asking, parts: Parts, call_id: CallId) -> dict[str, Any]:
    """Who said what when, word by word; times in seconds on the call's clock."""
    async with parts.database.transaction() as session:
        row = await session.get(Transcript, call_id)
        if row is None or row.timeline is None:
            raise Problem(404, "尚无转写 / no transcript yet", row.error or "" if row else "")
        await _write_down(session, call_id, who.user_id, "transcript")
    return row.timeline


async def _opened(
    parts: ApiParts, call_id: str, part: int, user_id: str, what: str, file: str = ""
) -> Recording:
    """The recording's row, after the fact that it was opened is committed."""
    async with parts.database.transaction() as session:
        row = await session.scalar(
            select(Recording).where(Recording.call_id == call_id, Recording.part == part)
        )
        if row is None:
            raise Problem(404, "尚无录音 / no sealed recording", call_id)
        await _write_down(session, call_id, user_id, what, file)
    return row


async def _write_down(
    session: AsyncSession, call_id: str, user_id: str, what: str, file: str = ""
) -> None:
    fact = RecordingOpened(at=now(), call_id=call_id, by=user_id, what=what, file=file)
    await journal.append(session, fact)


def _wrong(folder: Path, manifest: Manifest, row: Recording) -> Iterator[str]:
    """Every way the files differ from what was sealed."""
    if manifest.sha256 != row.manifest_sha256:
        yield "manifest.json: 与登记的哈希不符 / differs from the registered hash"
    stated = {track.file: track.sha256 for track in manifest.tracks}
    if manifest.mix is not None:
        stated[manifest.mix.file] = manifest.mix.sha256
    for name, wanted in stated.items():
        path = folder / name
        if not path.is_file():
            yield f"{name}: 缺失 / missing"
        elif file_sha256(path) != wanted:
            yield f"{name}: 内容被改动 / changed"
    known = {*stated, "manifest.json"}
    for path in folder.iterdir():
        if path.name not in known:
            yield f"{path.name}: 多余文件 / not part of the seal"


def _bytes(path: Path, first: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while length > 0 and (block := file.read(min(BLOCK, length))):
            length -= len(block)
            yield block
