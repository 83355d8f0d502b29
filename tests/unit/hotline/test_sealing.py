"""The sealer: what fails is tried again, however many calls end; nothing is told twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hotline import sealing
from hotline.sealing import Sealer
from recording.facts import RecordingSealed
from store.base import now
from store.node_journal import NodeJournal
from telephony import facts as f
from telephony.calls.state import Call
from telephony.registry import Registry
from tests.unit.recording.test_repair import wav

FIRST, SECOND, THIRD = "pbx-1764000000.1", "pbx-1764000000.2", "pbx-1764000000.3"
SOUND = wav(b"\1\0" * 8000)
NOT_CLOSED = wav(b"\1\0" * 8000, riff=0, data=0)


class Node:
    """A sealer with its journal, spool and archive."""

    def __init__(self, root: Path, journal: str = "journal.sqlite") -> None:
        self.registry = Registry(NodeJournal(root / journal, "pbx"), "pbx")
        self.spool = root / "spool"
        self.spool.mkdir(exist_ok=True)
        self.sealer = Sealer(self.registry, self.spool, root / "archive")

    def given_ended_call(self, call_id: str) -> Call:
        self.registry.record(f.CallStarted(at=now(), call_id=call_id, node="pbx", called="12345"))
        self.registry.record(f.CallEnded(at=now(), call_id=call_id))
        return self.registry.calls.by_id[call_id]

    def given_track(self, call_id: str, role: str, raw: bytes = SOUND) -> None:
        """A file of the leg that is called like its role."""
        folder = self.spool / call_id
        folder.mkdir(exist_ok=True)
        (folder / f"{role}~1764000000000~{role}~said.wav").write_bytes(raw)

    def given_unreadable_file(self, call_id: str) -> None:
        """As on a bad disk: the folder names it, nobody can open it."""
        folder = self.spool / call_id
        folder.mkdir(exist_ok=True)
        (folder / "gone.wav").symlink_to(self.spool / "nowhere" / "gone.wav")

    def is_sealed(self, call_id: str) -> bool:
        return not (self.spool / call_id).exists()

    def seals(self, call_id: str) -> list[RecordingSealed]:
        told = self.registry.journal.of_call(call_id)
        return [fact for fact in told if isinstance(fact, RecordingSealed)]

    def told(self, call_id: str) -> list[str]:
        """The kinds of what was told of this call's recording."""
        kinds = [entry.kind for entry in self.registry.journal.entries_of_call(call_id)]
        return [kind for kind in kinds if not kind.startswith("call_")]

    async def until_sealed(self, call_id: str, within: float = 20) -> None:
        async with asyncio.timeout(within):
            while not self.is_sealed(call_id):
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.sealer.run())
        try:
            yield
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_call_left_in_the_spool_is_found_while_others_end_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    every 0.02 s | a call ends
    every 0.2 s  | the spool is looked through
    """
    monkeypatch.setattr(sealing, "AGAIN_SECONDS", 0.2)
    node = Node(tmp_path)
    for call_id in (FIRST, SECOND):
        node.given_ended_call(call_id)
    other = node.given_ended_call(THIRD)

    async def calls_end() -> None:
        while True:
            node.sealer.call_over(other)
            await asyncio.sleep(0.02)

    node.given_track(FIRST, "citizen")
    async with node.sealing():
        await node.until_sealed(FIRST)  # the look at the start is over
        ending = asyncio.create_task(calls_end())
        node.given_track(SECOND, "citizen")
        await node.until_sealed(SECOND)
        ending.cancel()


async def test_a_call_that_fails_slowly_is_tried_once_a_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found a hundred times while it waits, it would keep the next one waiting for 20 s."""
    monkeypatch.setattr(sealing, "CLOSED_WITHIN", 0.2)
    node = Node(tmp_path)
    node.given_ended_call(FIRST)
    node.given_track(FIRST, "citizen", NOT_CLOSED)
    node.given_unreadable_file(FIRST)
    for _ in range(100):
        node.sealer.find_orphans()
    node.given_track(SECOND, "citizen")
    node.sealer.call_over(node.given_ended_call(SECOND))
    async with node.sealing():
        await node.until_sealed(SECOND, within=10)


async def test_a_file_that_cannot_be_read_fails_its_own_call_alone(tmp_path: Path) -> None:
    node = Node(tmp_path)
    for call_id in (FIRST, SECOND):
        node.given_ended_call(call_id)
        node.given_track(call_id, "citizen")
    node.given_unreadable_file(FIRST)
    node.given_unreadable_file("pbx-1763999999.1")  # the journal knows no such call
    async with node.sealing():
        await node.until_sealed(SECOND)
    assert (node.told(FIRST), node.told(SECOND)) == (["seal_failed"], ["recording_sealed"])


async def test_a_file_that_is_no_recording_is_told(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.given_ended_call(FIRST)
    node.given_track(FIRST, "citizen")
    node.given_track(FIRST, "operator", b"%PDF-1.7 not a sound")
    async with node.sealing():
        await node.until_sealed(FIRST)
    assert node.told(FIRST) == ["recording_sealed", "recording_unreadable"]


async def test_a_restored_node_tells_the_seal_its_journal_has_not(tmp_path: Path) -> None:
    """The backup copied the spool in the call, the archive after its seal.

    backup   | citizen       | liaison
    spool    | the beginning | whole
    archive  | part 1        |
    restored | part 1        | part 2, which follows part 1
    """
    before = Node(tmp_path)
    before.given_ended_call(FIRST)
    before.given_track(FIRST, "citizen")
    async with before.sealing():
        await before.until_sealed(FIRST)

    node = Node(tmp_path, "restored.sqlite")
    node.given_ended_call(FIRST)
    node.given_track(FIRST, "citizen", SOUND[:8001])
    node.given_track(FIRST, "liaison")
    async with node.sealing():
        await node.until_sealed(FIRST)
    [sealed] = before.seals(FIRST)
    whole, late = node.seals(FIRST)
    assert whole == sealed
    assert [track["role"] for track in late.tracks] == ["liaison"]
    assert late.previous == sealed.manifest_sha256
