"""Recordings: proof, ranges, and that nobody opens one unwritten."""

import pytest

from api.permissions import Role
from recording.tables import Recording
from tests.integration.api.routes.world import CALL, SECONDS, World, user_id

BASE = f"/api/v1/calls/{CALL}/recording"


async def test_the_manifest_is_proven_on_request_and_each_opening_written_down(
    world: World,
) -> None:
    await world.given_call(ended=True)
    sealed = await world.given_recording()
    await world.given_transcript()
    async with world.client(Role.AUDITOR) as client:
        plain = (await client.get(BASE)).json()
        proven = (await client.get(BASE, params={"verify": "1"})).json()
        track = await client.get(f"{BASE}/tracks/01-citizen.flac")
        mix = await client.get(f"{BASE}/mix")
        transcript = (await client.get(f"/api/v1/calls/{CALL}/transcript")).json()
    assert (plain["verified"], proven["verified"], proven["problems"]) == (None, True, [])
    assert proven["manifest_sha256"] == sealed.manifest_sha256
    assert proven["manifest"]["mix"]["seconds"] == pytest.approx(SECONDS, abs=0.01)
    assert track.content == (world.archive / sealed.folder / "01-citizen.flac").read_bytes()
    assert mix.headers["content-type"] == "audio/flac"
    assert transcript["utterances"][0]["text"] == "我要投诉口罩涨价"
    opened = await world.facts("recording_opened")
    assert {row["by"] for row in opened} == {user_id(Role.AUDITOR)}
    assert [(row["what"], row["file"]) for row in opened] == [
        ("manifest", ""), ("manifest", ""), ("track", "01-citizen.flac"), ("mix", "mix.flac"),
        ("transcript", ""),
    ]  # fmt: skip


async def test_nothing_leaves_when_the_opening_cannot_be_written_down(
    sqlite_world: World,
) -> None:
    await sqlite_world.given_call()
    await sqlite_world.given_recording()
    async with sqlite_world.client(Role.AUDITOR) as client:
        async with sqlite_world.database.transaction() as session:
            connection = await session.connection()
            await connection.exec_driver_sql(
                "CREATE TRIGGER no_facts BEFORE INSERT ON fact"
                " BEGIN SELECT RAISE(ABORT, 'no facts today'); END"
            )
        answer = await client.get(f"{BASE}/mix")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"fLaC" not in answer.content
    assert "no facts today" not in answer.text


@pytest.mark.parametrize(
    ("header", "status", "wanted"),
    [
        (None, 200, slice(None)),
        ("bytes=0-99", 206, slice(0, 100)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-50", 206, slice(-50, None)),
        ("bytes=9999999-", 416, None),
        ("lines=1-2", 200, slice(None)),
        ("bytes=1-2,4-5", 200, slice(None)),
    ],
)
async def test_ranges(
    sqlite_world: World, header: str | None, status: int, wanted: slice | None
) -> None:
    await sqlite_world.given_call()
    sealed = await sqlite_world.given_recording()
    whole = (sqlite_world.archive / sealed.folder / "mix.flac").read_bytes()
    async with sqlite_world.client(Role.AUDITOR) as client:
        answer = await client.get(f"{BASE}/mix", headers={"Range": header} if header else {})
    assert answer.status_code == status
    if wanted is None:
        assert answer.headers["content-range"] == f"bytes */{len(whole)}"
        assert answer.headers["content-type"] == "application/problem+json"
        return
    assert answer.content == whole[wanted]
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        first, last, _ = wanted.indices(len(whole))
        assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(whole)}"


async def test_with_if_range_the_whole_file_comes(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    await sqlite_world.given_recording()
    async with sqlite_world.client(Role.AUDITOR) as client:
        headers = {"Range": "bytes=0-9", "If-Range": '"some other validator"'}
        answer = await client.get(f"{BASE}/mix", headers=headers)
    assert (answer.status_code, answer.content[:4]) == (200, b"fLaC")


async def _changed(world: World, what: str) -> str:
    """Tamper with the archive as root could."""
    sealed = await world.given_recording()
    folder = world.archive / sealed.folder
    folder.chmod(0o700)
    track = folder / "01-citizen.flac"
    if what == "changed byte":
        track.chmod(0o600)
        content = bytearray(track.read_bytes())
        content[len(content) // 2] ^= 1
        track.write_bytes(content)
    elif what == "missing file":
        track.unlink()
    elif what == "extra file":
        (folder / "extra.flac").write_bytes(b"x")
    elif what == "manifest":
        path = folder / "manifest.json"
        path.chmod(0o600)
        path.write_bytes(path.read_bytes().replace(b'"node":"pbx"', b'"node":"pby"'))
    return what


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("changed byte", "01-citizen.flac: 内容被改动"),
        ("missing file", "01-citizen.flac: 缺失"),
        ("extra file", "extra.flac: 多余文件"),
        ("manifest", "manifest.json: 与登记的哈希不符"),
    ],
)
async def test_tampering_is_named(sqlite_world: World, what: str, told: str) -> None:
    await sqlite_world.given_call()
    await _changed(sqlite_world, what)
    async with sqlite_world.client(Role.AUDITOR) as client:
        view = (await client.get(BASE, params={"verify": "1"})).json()
    assert view["verified"] is False
    assert len(view["problems"]) == 1
    assert view["problems"][0].startswith(told)


@pytest.mark.parametrize(
    ("previous", "told"), [("f" * 64, "封存链中断"), ("", "封存链分叉"), (None, None)]
)
async def test_the_chain_is_checked(
    sqlite_world: World, previous: str | None, told: str | None
) -> None:
    """A second seal must follow the first: None stands for the right hash."""
    await sqlite_world.given_call("pbx-1.1")
    await sqlite_world.given_call()
    first = await sqlite_world.given_recording("pbx-1.1")
    await sqlite_world.given_recording(
        previous=first.manifest_sha256 if previous is None else previous
    )
    async with sqlite_world.client(Role.AUDITOR) as client:
        view = (await client.get(BASE, params={"verify": "1"})).json()
    assert [problem[: len(told or "")] for problem in view["problems"]] == ([told] if told else [])


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/tracks/..%2F..%2Fmain.sqlite", f"{BASE}/tracks/../../../../etc/passwd",
        f"{BASE}/tracks/manifest.json", f"{BASE}/tracks/%2e%2e.flac",
        "/api/v1/calls/..%2F..%2Fetc/recording", f"{BASE}/tracks/link.flac",
    ],
)  # fmt: skip
async def test_nothing_outside_the_seal_can_be_had(sqlite_world: World, path: str) -> None:
    await sqlite_world.given_call()
    sealed = await sqlite_world.given_recording()
    folder = sqlite_world.archive / sealed.folder
    folder.chmod(0o700)
    (folder / "link.flac").symlink_to("/etc/passwd")
    async with sqlite_world.client(Role.AUDITOR) as client:
        answer = await client.get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


@pytest.mark.parametrize("folder", ["../outside", "/etc", "."])
async def test_a_row_that_points_outside_the_archive_opens_nothing(
    sqlite_world: World, folder: str
) -> None:
    await sqlite_world.given_call()
    sealed = await sqlite_world.given_recording()
    async with sqlite_world.database.transaction() as session:
        row = await session.get_one(Recording, sealed.manifest_sha256)
        row.folder = folder
    async with sqlite_world.client(Role.AUDITOR) as client:
        assert (await client.get(f"{BASE}/mix")).status_code == 410


async def test_a_call_without_recording_or_transcript_says_so(sqlite_world: World) -> None:
    await sqlite_world.given_call()
    async with sqlite_world.client(Role.AUDITOR) as client:
        assert (await client.get(BASE)).status_code == 404
        assert (await client.get(f"/api/v1/calls/{CALL}/transcript")).status_code == 404
    assert await sqlite_world.facts("recording_opened") == []
