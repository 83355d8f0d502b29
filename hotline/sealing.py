"""Room hotline: seals the recording of every call that is over, also those found at start."""

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog

from hotline.found_in_spool import entries_of, is_abandoned
from recording.facts import RecordingGap, RecordingSealed, RecordingUnreadable, SealFailed
from recording.samples import SpoolKept
from recording.seal import ALARM_SECONDS, LegTalk, Sealed, seal
from recording.spool import find_calls, find_tracks, is_closed
from store.base import now
from telephony.calls.state import Call, Calls
from telephony.facts import CallEnded
from telephony.registry import Registry

log = structlog.get_logger()

AGAIN_SECONDS = 10.0
# Asterisk closes a track within milliseconds of its leg's end.
CLOSED_WITHIN = 0.7


class Sealer:
    """One call after the other, in a thread; what fails stays in the spool and is tried again."""

    def __init__(self, registry: Registry, spool: Path, archive: Path) -> None:
        self._registry = registry
        self._spool = spool
        self._archive = archive
        self._due: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: set[str] = set()  # what is in `_due`
        # Of calls that ended a moment ago; of all others the journal knows.
        self._just_over: dict[str, Call] = {}

    def call_over(self, call: Call) -> None:
        """This call's last leg is gone."""
        self._just_over[call.call_id] = call
        self._queue(call.call_id)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        look_at = loop.time()
        while True:
            # However many calls end meanwhile.
            if loop.time() >= look_at:
                self.find_orphans()
                look_at = loop.time() + AGAIN_SECONDS
            try:
                async with asyncio.timeout_at(look_at):
                    call_id = await self._due.get()
            except TimeoutError:
                continue
            self._waiting.discard(call_id)
            await self._seal(call_id)

    def find_orphans(self) -> None:
        """Spools of calls that are not live: after a crash, or tried in vain before."""
        known = self._waiting | {call.call_id for call in self._registry.open_calls()}
        for folder in find_calls(self._spool).calls:
            if folder.name in known:
                continue
            try:
                if self._is_ours_and_over(folder.name):
                    self._queue(folder.name)
            except OSError as error:
                log.error("seal_failed", call_id=folder.name, reason=str(error))

    def _queue(self, call_id: str) -> None:
        # Once: calls that fail slowly would else be found again faster than they are tried.
        if call_id not in self._waiting:
            self._waiting.add(call_id)
            self._due.put_nowait(call_id)

    def _is_ours_and_over(self, call_id: str) -> bool:
        entries = self._registry.journal.entries_of_call(call_id)
        folder = self._spool / call_id
        # A call the journal has never heard of is being read from Asterisk's file right now, or
        # its lines were never written.
        if not entries and is_abandoned(folder, now()):
            log.error("call_found_in_spool", call_id=call_id)
            self._registry.journal.append(entries_of(folder, self._registry.node))
            return True
        return any(isinstance(entry.fact, CallEnded) for entry in entries)

    async def _seal(self, call_id: str) -> None:
        folder = self._spool / call_id
        legs = self._talks(call_id)
        if not folder.is_dir():
            self._tell_unrecorded(call_id)
            return
        loop = asyncio.get_running_loop()

        def tell(sealed: Sealed) -> bool:
            # From the sealing thread: the journal belongs to the loop's.
            return asyncio.run_coroutine_threadsafe(self._tell(call_id, sealed), loop).result()

        try:
            await self._until_closed(folder)
            await asyncio.to_thread(
                seal, folder, self._archive, legs, self._registry.node, self._previous(), now(),
                tell,
            )  # fmt: skip
        except (SpoolKept, OSError, MemoryError) as error:
            log.error("seal_failed", call_id=call_id, reason=str(error))
            self._registry.record(
                SealFailed(at=now(), call_id=call_id, reason=type(error).__name__),
                key=f"seal_failed:{call_id}:{type(error).__name__}",
            )

    def _tell_unrecorded(self, call_id: str) -> None:
        """Nothing lies in the spool: sealed by now, too short for a word, or the disk was full."""
        known = {entry.kind for entry in self._registry.journal.entries_of_call(call_id)}
        if RecordingSealed.kind in known:
            return
        for leg in self._talks(call_id):
            if leg.seconds > ALARM_SECONDS:
                log.warning("recording_gap", call_id=call_id, leg=leg.leg_id)
                self._registry.record(
                    RecordingGap(
                        at=now(), call_id=call_id, leg_id=leg.leg_id, role=leg.role,
                        expected_seconds=round(leg.seconds, 3), recorded_seconds=0.0,
                    ),
                    key=f"gap:{call_id}:{leg.leg_id}",
                )  # fmt: skip

    async def _until_closed(self, folder: Path) -> None:
        """A leg the queue has dialled closes its file a moment after its end is told."""
        end = asyncio.get_running_loop().time() + CLOSED_WITHIN
        while not all(is_closed(track.path) for track in find_tracks(folder)):
            if asyncio.get_running_loop().time() > end:
                return  # the PBX died: as it is, it will be repaired
            await asyncio.sleep(0.01)

    def _talks(self, call_id: str) -> list[LegTalk]:
        """How long each leg talked."""
        call = self._just_over.pop(call_id, None) or self._remembered(call_id)
        return [
            LegTalk(
                # On the clock of the call's beginning: a step of the clock is no talk, and no gap.
                leg.leg_id,
                leg.role.value,
                leg.answered_at - timedelta(seconds=leg.answered_step),
                leg.ended_at - timedelta(seconds=leg.ended_step),
                round(leg.track_step * 1000),
            )
            for leg in (call.legs.values() if call else ())
            if leg.answered_at is not None and leg.ended_at is not None
        ]

    def _remembered(self, call_id: str) -> Call | None:
        """The call, made again from its facts: as it was before a restart."""
        calls = Calls()
        for entry in self._registry.journal.entries_of_call(call_id):
            calls.apply(entry.fact, entry.private)
        return calls.by_id.get(call_id)

    def _previous(self) -> str:
        newest = self._registry.journal.newest_of(RecordingSealed.kind)
        return newest.manifest_sha256 if isinstance(newest, RecordingSealed) else ""

    async def _tell(self, call_id: str, sealed: Sealed) -> bool:
        """False where the journal knew this seal: told again, it is written once."""
        new, *alarms = sealed.facts(call_id)
        is_new = self._registry.record(new, key=f"sealed:{sealed.manifest_sha256}")
        for fact in alarms:
            if isinstance(fact, RecordingGap):
                key = f"gap:{sealed.manifest_sha256}:{fact.leg_id}"
                if self._registry.record(fact, key=key):
                    log.warning("recording_gap", call_id=call_id, leg=fact.leg_id)
            elif isinstance(fact, RecordingUnreadable):
                key = f"unreadable:{sealed.manifest_sha256}:{fact.file}"
                self._registry.record(fact, key=key)
        if is_new:
            log.info("sealed", call_id=call_id, seconds=round(sealed.seconds, 1))
        return is_new
