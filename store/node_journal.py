"""Room store: a telephony node's own journal, a small SQLite file beside its Asterisk.

Everything that happens to a call is written here first, so that an outage of the
main database costs a call nothing. Synchronous on purpose: a write takes a
fraction of a millisecond and nothing may happen before it is on disk.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store.connecting import CACHE_SIZE, keep_private
from store.facts import Fact, load_fact

_TABLES = """
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT UNIQUE,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    call_id TEXT,
    ticket_id TEXT,
    data TEXT NOT NULL,
    private TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entry_call ON entry (call_id, number);
CREATE INDEX IF NOT EXISTS entry_kind ON entry (kind, number);
CREATE TABLE IF NOT EXISTS bookmark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""
_COLUMNS = "number, kind, at, call_id, ticket_id, data, private"
_FORWARDED = "forwarded"
# A journal begun anew (a disk was replaced) must never use a number again that its
# predecessor had, or the main database would take the new fact for one it has. So a new
# journal starts counting at the clock's microseconds, ahead of any predecessor.
_BEGIN = """
INSERT INTO sqlite_sequence (name, seq) SELECT 'entry', ?
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'entry')
"""
_SET_BOOKMARK = (
    "INSERT INTO bookmark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
# Every step goes by an index: a month of a city has a million entries, and calls wait meanwhile.
_NEWEST = """
WITH RECURSIVE
    kinds(kind) AS (
        SELECT min(kind) FROM entry
        UNION ALL
        SELECT (SELECT min(kind) FROM entry WHERE kind > kinds.kind) FROM kinds
        WHERE kinds.kind IS NOT NULL
    ),
    newest(number) AS (
        SELECT (SELECT max(number) FROM entry WHERE kind = kinds.kind) FROM kinds
        WHERE kinds.kind IS NOT NULL
    )
"""
_PRUNE_CALLS = """
DELETE FROM entry WHERE call_id IN (
    SELECT ended.call_id FROM entry AS ended
    WHERE ended.kind = 'call_ended' AND ended.at < :before AND NOT EXISTS (
        SELECT 1 FROM entry AS one WHERE one.call_id = ended.call_id
            AND (one.at >= :before OR one.number > :forwarded OR one.number IN newest)
    )
    ORDER BY ended.number LIMIT :calls
)
"""
_PRUNE_OTHERS = """
DELETE FROM entry WHERE number IN (
    SELECT number FROM entry
    WHERE call_id IS NULL AND at < :before AND number <= :forwarded AND number NOT IN newest
    ORDER BY number LIMIT :others
)
"""


class JournalBroken(RuntimeError):
    """The node journal cannot be written or read; the message says why."""


@dataclass(frozen=True)
class Entry:
    """A fact to be written. `key` makes a second writing of the same thing do nothing."""

    fact: Fact
    key: str | None = None
    private: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredEntry:
    """An entry as it lies in the journal. `private`: personal data that stays out of facts."""

    number: int
    kind: str
    at: datetime
    call_id: str | None
    ticket_id: str | None
    data: dict[str, Any]
    private: dict[str, Any] = field(repr=False)

    @property
    def fact(self) -> Fact:
        """The typed fact; `UnknownFact` where this program does not know its kind."""
        return load_fact(self.kind, self.at, self.call_id, self.ticket_id, self.data)


class NodeJournal:
    """Opened by one process, the controller. Every method may raise `JournalBroken`."""

    def __init__(self, path: Path, node: str) -> None:
        self.node = node
        self._more = asyncio.Event()
        keep_private(path)
        with _told_as_broken(f"{path}: "):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", f"cache_size={CACHE_SIZE}"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(_TABLES)
            self._begin_counting()

    def append(
        self, entries: Sequence[Entry], bookmarks: Mapping[str, int] | None = None
    ) -> list[int | None]:
        """Write all or nothing, bookmarks included; None where a key was known already."""
        with self._writing():
            numbers = [self._insert(entry) for entry in entries]
            for name, value in (bookmarks or {}).items():
                self._db.execute(_SET_BOOKMARK, (name, value))
        if entries:
            self._more.set()
        return numbers

    def bookmark(self, name: str) -> int:
        """The bookmark's value; 0 where it was never set."""
        return self._number("SELECT value FROM bookmark WHERE name = ?", name)

    def entries_of_call(self, call_id: str) -> list[StoredEntry]:
        """Everything about one call, in order."""
        return self._select("WHERE call_id = ? ORDER BY number", call_id)

    def of_call(self, call_id: str) -> list[Fact]:
        """The facts of one call, in order."""
        return [entry.fact for entry in self.entries_of_call(call_id)]

    def open_calls(self) -> list[str]:
        """Calls that have started and not ended."""
        with _told_as_broken():
            rows = self._db.execute(
                "SELECT call_id FROM entry AS started WHERE kind = 'call_started' AND NOT EXISTS"
                " (SELECT 1 FROM entry WHERE call_id = started.call_id AND kind = 'call_ended')"
                " ORDER BY number"
            ).fetchall()
        return [row[0] for row in rows]

    def after(self, number: int, limit: int = 500) -> list[StoredEntry]:
        """Entries after this number, in order."""
        return self._select("WHERE number > ? ORDER BY number LIMIT ?", number, limit)

    def newest_of(self, kind: str) -> Fact | None:
        """The newest fact of a kind."""
        found = self._select("WHERE kind = ? ORDER BY number DESC LIMIT 1", kind)
        return found[0].fact if found else None

    @property
    def newest(self) -> int:
        """The newest entry's number; numbers rise but do not begin at 1."""
        return max(self._number("SELECT coalesce(max(number), 0) FROM entry"), self.forwarded)

    @property
    def forwarded(self) -> int:
        """Up to here the main database has it."""
        return self.bookmark(_FORWARDED)

    def set_forwarded(self, number: int) -> None:
        self.append([], {_FORWARDED: number})

    async def wait_for_more(self, after: int, within: float) -> None:
        """Return when there is an entry after this number, or the time is up."""
        self._more.clear()
        if self.newest > after:
            return
        try:
            async with asyncio.timeout(within):
                await self._more.wait()
        except TimeoutError:
            return

    def prune(self, before: datetime, calls: int = 20, others: int = 500) -> int:
        """Delete forwarded entries of ended calls of which nothing was heard since `before`.

        A piece: at most so many calls, and so many entries of no call. The newest entry of every
        kind stays, with its call: the next recording is chained to it. Returns how many entries
        went; 0 means that no more are to go.
        """
        values = {
            "before": before.astimezone(UTC).isoformat(), "forwarded": self.forwarded,
            "calls": calls, "others": others,
        }  # fmt: skip
        dropped = 0
        with self._writing():
            for statement in (_PRUNE_CALLS, _PRUNE_OTHERS):
                self._db.execute(f"{_NEWEST}{statement}", values)
                # The driver does not count for a statement that begins with WITH.
                dropped += self._number("SELECT changes()")
        return dropped

    def close(self) -> None:
        self._db.close()

    def _begin_counting(self) -> None:
        with self._writing():
            start = max(time.time_ns() // 1000, self.forwarded)
            if self._db.execute(_BEGIN, (start,)).rowcount:
                self._db.execute(_SET_BOOKMARK, (_FORWARDED, start))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _told_as_broken():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _insert(self, entry: Entry) -> int | None:
        fact = entry.fact
        cursor = self._db.execute(
            "INSERT INTO entry (key, kind, at, call_id, ticket_id, data, private)"
            # Not ON CONFLICT: that would use up a number.
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
            " WHERE ?1 IS NULL OR NOT EXISTS (SELECT 1 FROM entry WHERE key = ?1)",
            (
                entry.key, fact.kind, fact.at.astimezone(UTC).isoformat(), fact.call_id,
                fact.ticket_id, json.dumps(fact.data()), json.dumps(dict(entry.private)),
            ),
        )  # fmt: skip
        return cursor.lastrowid if cursor.rowcount else None

    def _number(self, query: str, *values: object) -> int:
        with _told_as_broken():
            row = self._db.execute(query, values).fetchone()
        return int(row[0]) if row else 0

    def _select(self, rest: str, *values: object) -> list[StoredEntry]:
        with _told_as_broken():
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM entry {rest}", values).fetchall()  # noqa: S608 - our own words
        return [
            StoredEntry(
                row[0], row[1], datetime.fromisoformat(row[2]), row[3], row[4], json.loads(row[5]),
                json.loads(row[6]),
            )
            for row in rows
        ]  # fmt: skip


@contextmanager
def _told_as_broken(prefix: str = "") -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalBroken(f"{prefix}{error}") from error
