"""A node's own journal: what is in it stays, once, in order."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from store import node_journal
from store.facts import Fact
from store.node_journal import Entry, JournalBroken, NodeJournal
from telephony.facts import CallEnded, CallStarted

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


class Said(Fact):
    kind: ClassVar[str] = "test_said"
    word: str = ""


@pytest.fixture
def journal(tmp_path: Path) -> NodeJournal:
    return NodeJournal(tmp_path / "node.sqlite", "pbx")


def said(word: str, call_id: str | None = "c1", at: datetime = NOON) -> Entry:
    return Entry(Said(at=at, call_id=call_id, word=word))


def words(journal: NodeJournal) -> list[str]:
    return [entry.data.get("word", entry.kind) for entry in journal.after(0)]


def whole_call(journal: NodeJournal, call_id: str, at: datetime, *, ended: bool = True) -> None:
    journal.append(
        [
            Entry(CallStarted(at=at, call_id=call_id, node="pbx", called="12345")),
            said(call_id, call_id, at),
        ]
    )
    if ended:
        journal.append([Entry(CallEnded(at=at, call_id=call_id))])


def test_entries_come_back_in_order_with_what_is_private(journal: NodeJournal) -> None:
    fact = Said(at=NOON, call_id="c1", word="您好")
    first, second = journal.append([Entry(fact, private={"number": "13800000001"}), said("b")])
    assert first is not None
    assert second == first + 1
    [entry, _] = journal.after(0)
    assert entry.fact == fact
    assert entry.private == {"number": "13800000001"}
    assert "13800000001" not in repr(entry)
    assert [e.number for e in journal.after(first)] == [second] == [journal.newest]


def test_a_call_is_told_without_the_others(journal: NodeJournal) -> None:
    journal.append([said("a", "c1"), said("b", "c2"), said("c", "c1"), said("d", None)])
    assert [fact.word for fact in journal.of_call("c1") if isinstance(fact, Said)] == ["a", "c"]


def test_a_key_is_written_once(journal: NodeJournal) -> None:
    fact = Said(at=NOON, word="once")
    [number] = journal.append([Entry(fact, key="k")])
    again = journal.append([Entry(fact, key="k"), said("other"), Entry(fact, key="k")])
    assert number is not None
    assert again == [None, number + 1, None]
    assert words(journal) == ["once", "other"]


def test_entries_and_bookmark_are_kept_together_or_not_at_all(journal: NodeJournal) -> None:
    journal.append([said("a")], {"cel": 10})
    unwritable = Entry(Said(at=NOON), private={"oops": object()})
    with pytest.raises(TypeError):
        journal.append([said("b"), unwritable], {"cel": 20})
    assert (words(journal), journal.bookmark("cel")) == (["a"], 10)
    journal.append([], {"cel": 30})
    assert (journal.bookmark("cel"), journal.bookmark("unset")) == (30, 0)


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    first = NodeJournal(path, "pbx")
    [number] = first.append([said("a")], {"cel": 5})
    first.set_forwarded(number or 0)
    first.close()
    again = NodeJournal(path, "pbx")
    assert (words(again), again.bookmark("cel"), again.forwarded) == (["a"], 5, number)
    [after_it] = again.append([said("b")])
    assert number is not None
    assert after_it == number + 1


def test_a_fresh_journal_has_nothing_to_forward(journal: NodeJournal) -> None:
    assert journal.newest == journal.forwarded
    journal.append([said("a"), said("b")])
    assert journal.newest - journal.forwarded == 2


def test_a_journal_begun_anew_goes_on_above_the_lost_one(tmp_path: Path) -> None:
    lost = NodeJournal(tmp_path / "lost.sqlite", "pbx")
    for n in range(20):
        lost.append([said(str(n))])
    anew = NodeJournal(tmp_path / "anew.sqlite", "pbx")
    [number] = anew.append([said("first")])
    assert number is not None
    assert number > lost.newest


def test_the_file_is_for_the_service_alone(tmp_path: Path) -> None:
    NodeJournal(tmp_path / "node.sqlite", "pbx").append([said("a")])
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_open_calls(journal: NodeJournal) -> None:
    whole_call(journal, "over", NOON)
    whole_call(journal, "live", NOON, ended=False)
    journal.append([Entry(CallEnded(at=NOON))])
    assert journal.open_calls() == ["live"]


def test_newest_of_a_kind(journal: NodeJournal) -> None:
    journal.append([said("a"), said("b"), Entry(CallEnded(at=NOON))])
    newest = journal.newest_of("test_said")
    assert isinstance(newest, Said)
    assert newest.word == "b"
    assert journal.newest_of("never") is None


def test_pruning_takes_old_calls_that_are_over_and_forwarded(journal: NodeJournal) -> None:
    month = timedelta(days=30)
    whole_call(journal, "old", NOON - 2 * month)
    whole_call(journal, "old-but-live", NOON - 2 * month, ended=False)
    whole_call(journal, "old-with-news", NOON - 2 * month)
    journal.append([said("sealed late", "old-with-news", NOON)])
    journal.append([said("of no call", None, NOON - 2 * month)])
    whole_call(journal, "new", NOON)
    journal.set_forwarded(journal.newest)
    whole_call(journal, "old-not-forwarded", NOON - 2 * month)
    whole_call(journal, "newest", NOON)
    newest = journal.newest
    assert journal.prune(NOON - month) == 4
    left = {entry.call_id for entry in journal.after(0)}
    assert left == {"old-but-live", "old-with-news", "new", "old-not-forwarded", "newest"}
    assert journal.newest == newest
    assert journal.prune(NOON - month) == 0


def test_pruning_keeps_the_newest_of_a_kind_and_its_call(journal: NodeJournal) -> None:
    """A started call whose end is pruned away would come to life again."""
    whole_call(journal, "only", NOON - timedelta(days=60))
    journal.set_forwarded(journal.newest)
    assert journal.prune(NOON) == 0
    assert journal.open_calls() == []


def test_pruning_goes_piece_by_piece_until_nothing_is_left_to_go(journal: NodeJournal) -> None:
    old = NOON - timedelta(days=60)
    for number in range(5):
        whole_call(journal, f"c{number}", old)
    whole_call(journal, "newest", NOON)
    journal.set_forwarded(journal.newest)
    left = []
    while journal.prune(NOON - timedelta(days=30), calls=2):
        left.append(len({entry.call_id for entry in journal.after(0)}))
    assert left == [4, 2, 1]


def test_pruning_reads_by_indexes_alone(journal: NodeJournal) -> None:
    """A month has a million entries; whoever reads them all keeps the calls waiting."""
    for statement in (node_journal._PRUNE_CALLS, node_journal._PRUNE_OTHERS):
        values = {"before": "", "forwarded": 0, "calls": 1, "others": 1}
        plan = journal._db.execute(
            f"EXPLAIN QUERY PLAN {node_journal._NEWEST}{statement}", values
        ).fetchall()
        steps = [row[3] for row in plan]
        assert steps, statement
        assert [x for x in steps if x.startswith("SCAN entry") and "INDEX" not in x] == []
        assert [x for x in steps if "TEMP B-TREE" in x] == []


def test_a_pruned_number_is_never_given_again(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    journal = NodeJournal(path, "pbx")
    whole_call(journal, "c1", NOON)
    newest = journal.newest
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM entry")
    journal = NodeJournal(path, "pbx")
    assert journal.append([said("a")]) == [newest + 1]


async def test_an_entry_wakes_who_waits(journal: NodeJournal) -> None:
    waiting = asyncio.create_task(journal.wait_for_more(journal.newest, within=30))
    await asyncio.sleep(0)
    started = time.monotonic()
    journal.append([said("a")])
    await waiting
    assert time.monotonic() - started < 1


async def test_who_waits_for_what_is_there_waits_not_at_all(journal: NodeJournal) -> None:
    before = journal.newest
    journal.append([said("a")])
    async with asyncio.timeout(1):
        await journal.wait_for_more(before, within=30)


def test_a_full_disk_is_told_and_nothing_is_half_written(journal: NodeJournal) -> None:
    journal.append([said("a")], {"cel": 1})
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalBroken, match="full"):
        journal.append([said("x" * 100_000)], {"cel": 2})
    assert (words(journal), journal.bookmark("cel")) == (["a"], 1)
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.append([said("b")], {"cel": 3})
    assert (words(journal), journal.bookmark("cel")) == (["a", "b"], 3)


def test_a_file_that_is_no_journal_is_told_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    path.write_bytes(b"something else, of some length " * 200)
    with pytest.raises(JournalBroken, match=r"node\.sqlite: file is not a database"):
        NodeJournal(path, "pbx")
    with pytest.raises(JournalBroken, match="unable to open"):
        NodeJournal(tmp_path / "missing" / "node.sqlite", "pbx")


def test_every_question_to_a_broken_journal_is_one_error(journal: NodeJournal) -> None:
    journal.close()
    for ask in (
        lambda: journal.newest,
        lambda: journal.forwarded,
        lambda: journal.after(0),
        lambda: journal.open_calls(),
        lambda: journal.append([said("a")]),
        lambda: journal.prune(NOON),
    ):
        with pytest.raises(JournalBroken):
            ask()


_WRITER = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from store import node_journal
from store.facts import Fact
from store.node_journal import Entry, NodeJournal

class Said(Fact):
    kind = "test_said"
    word: str = ""

journal = NodeJournal(Path(sys.argv[1]), "pbx")
n = 0
while True:
    n += 1
    journal.append([Entry(Said(at=datetime.now(UTC), word=str(n)))] * 3, {"cel": n})
    print(n, flush=True)
"""


def test_kill_9_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    words_ = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(words_, stdout=subprocess.PIPE, cwd=os.getcwd()) as writer:  # noqa: PTH109
        assert writer.stdout is not None
        for _ in range(50):
            last = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        last = int(([b"0", *writer.stdout.read().split()])[-1]) or last
    journal = NodeJournal(path, "pbx")
    kept = journal.bookmark("cel")
    assert kept in (last, last + 1), "told as written, but lost"
    assert words(journal) == [str(n) for n in range(1, kept + 1) for _ in range(3)]
