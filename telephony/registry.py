"""Room telephony: the one place where facts are written and the live state follows.

Write first, change then: a fact that is not in the node journal did not happen.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog

from store.facts import Fact
from store.node_journal import Entry, NodeJournal
from telephony.calls.reading import Meant, read
from telephony.calls.state import Call, Calls
from telephony.cel.clock import EventClock
from telephony.cel.events import CelEvent
from telephony.cel.file import Mark
from telephony.facts import ClockStepped

log = structlog.get_logger()

# Bytes read, and of which file: they change together.
CEL_BOOKMARK, CEL_HEAD = "cel", "cel_head"


class Registry:
    """The live calls of this node, and their journal."""

    def __init__(self, journal: NodeJournal, node: str, area_code: str = "") -> None:
        self.calls = Calls(area_code=area_code)
        self.journal = journal
        self.node = node
        self._clock = EventClock()
        self._listeners: list[Callable[[str, Fact], None]] = []

    def listen(self, listener: Callable[[str, Fact], None]) -> None:
        """Be told (call id or "", fact) of everything that happens from now on."""
        self._listeners.append(listener)

    def record(self, fact: Fact, private: Mapping[str, Any] | None = None, key: str = "") -> bool:
        """Write one fact and change the state; False where `key` was known already."""
        entry = Entry(fact=fact, key=key or None, private=dict(private or {}))
        [number] = self.journal.append([entry])
        if number is None:
            return False
        self._follow(fact, private or {})
        return True

    @property
    def mark(self) -> Mark:
        """How far Asterisk's event file has been read."""
        return Mark(self.journal.bookmark(CEL_BOOKMARK), self.journal.bookmark(CEL_HEAD))

    def take(self, events: Sequence[CelEvent], mark: Mark) -> None:
        """Write what these events mean, and how far Asterisk's file has been read, as one."""
        meanings: list[Meant] = []
        steady, wall = time.monotonic(), time.time()
        for event in events:
            step = self._clock.step_before(event.at, steady, wall)
            for meant in [*self._stepped(event, step), *read(event, self.calls, self.node)]:
                meanings.append(meant)
                # Later events of the same batch are read in the light of earlier ones.
                self.calls.apply(meant.fact, meant.private)
        entries = [Entry(fact=m.fact, key=None, private=m.private) for m in meanings]
        self.journal.append(entries, {CEL_BOOKMARK: mark.offset, CEL_HEAD: mark.head})
        for meant in meanings:
            self._tell(meant.fact)

    def _stepped(self, event: CelEvent, step: float) -> list[Meant]:
        """A step concerns every call that is up: its tracks lie on both sides of it."""
        if not step:
            return []
        log.error("clock_stepped", seconds=round(step, 1), at=event.at.isoformat())
        return [
            Meant(ClockStepped(at=event.at, call_id=call.call_id, seconds=round(step, 3)))
            for call in self.open_calls()
        ]

    def remember(self) -> None:
        """Build the state of the calls that had not ended when the journal was last written."""
        for call_id in self.journal.open_calls():
            for entry in self.journal.entries_of_call(call_id):
                self.calls.apply(entry.fact, entry.private)

    def open_calls(self) -> list[Call]:
        return [call for call in self.calls.by_id.values() if call.ended_at is None]

    def _follow(self, fact: Fact, private: Mapping[str, Any]) -> None:
        self.calls.apply(fact, private)
        self._tell(fact)

    def _tell(self, fact: Fact) -> None:
        for listener in self._listeners:
            listener(fact.call_id or "", fact)


def legs_in(calls: Iterable[Call]) -> set[str]:
    """Ids of all live legs of these calls."""
    return {leg.leg_id for call in calls for leg in call.live()}
