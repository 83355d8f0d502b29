"""Room store: a telephony node's own journal, a small SQLite file beside its Asterisk.

Everything that happens to a call is written here first, so that an outage of the
main database costs a call nothing. Synchronous on purpose: a write takes a
fraction of a millisecond and nothing may happen before it is on disk.
"""

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise JournalBroken(f"{path}: {error}") from error
        path.chmod(0o600)
        self._more = asyncio.Event()

    def append(
        self, entries: Sequence[Entry], bookmarks: Mapping[str, int] | None = None
    ) -> list[int | None]:
        """Write all or nothing, bookmarks included; None where a key was known already."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                numbers = [self._insert(entry) for entry in entries]
                for name, value in (bookmarks or {}).items():
                    self._db.execute(
                        "INSERT INTO bookmark VALUES (?, ?)"
                        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                        (name, value),
                    )
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise JournalBroken(str(error)) from error
        if entries:
            self._more.set()
        return numbers

    def _insert(self, entry: Entry) -> int | None:
        fact = entry.fact
        cursor = self._db.execute(
            "INSERT INTO entry (key, kind, at, call_id, ticket_id, data, private)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            (
                entry.key, fact.kind, fact.at.astimezone(UTC).isoformat(), fact.call_id,
                fact.ticket_id, json.dumps(fact.data(), ensure_ascii=False),
                json.dumps(dict(entry.private), ensure_ascii=False),
            ),
        )  # fmt: skip
        return cursor.lastrowid if cursor.rowcount else None

    def bookmark(self, name: str) -> int:
        """The bookmark's value; 0 where it was never set."""
        row = self._db.execute("SELECT value FROM bookmark WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def entries_of_call(self, call_id: str) -> list[StoredEntry]:
        """Everything about one call, in order."""
        return self._select("WHERE call_id = ? ORDER BY number", call_id)

    def of_call(self, call_id: str) -> list[Fact]:
        """The facts of one call, in order."""
        return [entry.fact for entry in self.entries_of_call(call_id)]

    def open_calls(self) -> list[str]:
        """Calls that have started and not ended."""
        rows = self._db.execute(
            "SELECT call_id FROM entry WHERE kind = 'call_started' AND call_id NOT IN"
            " (SELECT call_id FROM entry WHERE kind = 'call_ended') ORDER BY number"
        )
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
        """The number of the newest entry; 0 where there is none."""
        return int(self._db.execute("SELECT coalesce(max(number), 0) FROM entry").fetchone()[0])

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

    def close(self) -> None:
        self._db.close()

    def _select(self, rest: str, *values: object) -> list[StoredEntry]:
        try:
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM entry {rest}", values).fetchall()  # noqa: S608 - our own words
        except sqlite3.Error as error:
            raise JournalBroken(str(error)) from error
        return [
            StoredEntry(
                row[0], row[1], datetime.fromisoformat(row[2]), row[3], row[4], json.loads(row[5]),
                json.loads(row[6]),
            )
            for row in rows
        ]  # fmt: skip
