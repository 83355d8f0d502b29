"""Alarms reach a real receiver, durably, and the same one not too often."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hotline.alarms.late import late_work
from hotline.alarms.raising import Alarms
from hotline.alarms.sending import (
    FILE,
    BadAddress,
    Notifying,
    add_target,
    read_addresses,
    read_targets,
)
from hotline.alarms.states import wrong_states
from hotline.alarms.tables import Alarm, Notice
from hotline.alarms.watch import Watch
from hotline.alarms.words import ALARM_OF_FACT, ALARMS
from hotline.health.reserve import Disk
from hotline.health.tables import PartState
from hotline.installation import Installation
from hotline.owed import ledger
from hotline.owed.facts import WorkDied
from hotline.owed.ledger import NOTIFY, TICKET, TRANSCRIBE, owe
from hotline.owed.tables import OwedWork
from hotline.probe.facts import ProbeDone
from hotline.settings import Settings
from hotline.work.worker import Worker
from hotline.work_parts import run_desk
from recording.facts import RecordingGap, SealFailed
from store import journal
from store.base import now
from store.database import Database
from store.facts import Fact
from tests.e2e.stage import until
from tests.integration.operations.program import hotline

CALL = "pbx-1764000000.12"


class Receiver:
    """An HTTP server that notes what it is told, and refuses as long as it is told to."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.tries = 0
        self.refuses = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                # Read once: what was refused was not told, whatever the test says meanwhile.
                refused = receiver.refuses
                receiver.tries += 1
                self.send_response(500 if refused else 200)
                self.end_headers()
                if not refused:
                    receiver.told.append(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server.server_port}/alarm"

    def titles(self, words: str) -> list[str]:
        return [one["title"] for one in self.told if words in one["title"]]


@contextmanager
def given_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, alarm_minutes=0.05, disk_alarm_mb=0, disk_alarm_percent=100)


@pytest.fixture
async def main(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url)
    await database.migrate()
    yield database
    await database.close()


@asynccontextmanager
async def given_desk(settings: Settings, database: Database) -> AsyncIterator[None]:
    """The watch and the worker, as the part `desk` runs them."""
    worker = Worker(
        "desk", "pbx", settings.database_url, settings.data_dir / "queue.sqlite",
        {NOTIFY: Notifying(settings.data_dir).do},
    )  # fmt: skip
    tasks = [
        asyncio.create_task(worker.run()),
        asyncio.create_task(Watch(database, settings).run()),
    ]
    try:
        await until(lambda: is_following(database), 20, "the watch follows")
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def is_following(database: Database) -> bool:
    from hotline.health.tables import Follower

    async with database.reading() as session:
        return await session.get(Follower, "alarms") is not None


async def happened(database: Database, *facts: Fact) -> None:
    async with database.transaction() as session:
        for fact in facts:
            await journal.append(session, fact)


async def sent(database: Database) -> OwedWork | None:
    """The one piece of notifying, once it is done."""
    async with database.reading() as session:
        return await session.scalar(select(OwedWork).where(OwedWork.state == "done"))


def gap() -> RecordingGap:
    return RecordingGap(
        at=now(), call_id=CALL, leg_id="l", role="citizen", expected_seconds=9, recorded_seconds=2
    )


async def test_an_alarm_is_retried_until_it_is_told(
    settings: Settings, main: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ledger.LEASE, NOTIFY, timedelta(seconds=20))
    with given_receiver() as receiver:
        receiver.refuses = True
        add_target(settings.data_dir, receiver.url)
        await happened(main, SealFailed(at=now(), call_id=CALL, reason="OSError"))
        async with given_desk(settings, main):
            # Told of what comes from now on, not of what was before.
            await happened(main, gap())
            await until(lambda: receiver.tries >= 2, 40, "tried again")
            receiver.refuses = False
            await until(lambda: receiver.told, 40, "told")
            work = await until(lambda: sent(main), 40, "written down as done")
        [told] = receiver.told
        assert ALARMS["recording_gap"].title in told["title"]
        assert CALL in told["message"] and "expected_seconds: 9" in told["message"]
        assert work.attempts >= 2
        assert receiver.url not in work.call_id


async def test_the_same_alarm_comes_once_in_a_while_with_a_count(
    settings: Settings, main: Database
) -> None:
    """
    moment        | facts  | told
    at once       | 1 gap  | one notice
    the period on | 4 gaps | one notice, ×4
    """
    with given_receiver() as receiver:
        add_target(settings.data_dir, receiver.url)
        async with given_desk(settings, main):
            await happened(main, gap())
            await until(lambda: receiver.told, 40, "the first")
            await happened(main, gap(), gap(), gap(), gap())
            await until(lambda: len(receiver.told) == 2, 40, "the rest at once")
        assert receiver.told[1]["title"].endswith("×4")
        async with main.reading() as session:
            [row] = await session.scalars(select(Alarm))
        assert (row.alarm, row.untold) == ("recording_gap", 0)


async def test_a_state_is_told_when_it_begins_and_when_it_ends(
    settings: Settings, main: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def controller(**said: object) -> None:
        async with main.transaction() as session:
            detail = {"asterisk": True, "ami": True, **said}
            await session.merge(
                PartState(part="controller", node="pbx", at=now(), detail=dict(detail))
            )

    with given_receiver() as receiver:
        add_target(settings.data_dir, receiver.url)
        monkeypatch.setitem(
            ALARMS, "trunk_down", type(ALARMS["trunk_down"])("trunk down", "No calls come in", 0)
        )
        async with given_desk(settings, main):
            await controller(trunks={"trunk": "down"})
            await until(lambda: receiver.titles("trunk down"), 40, "told")
            await controller(trunks={"trunk": "up"})
            await until(lambda: receiver.titles("well again"), 40, "told that it is over")
        assert "trunk@pbx" in receiver.told[0]["title"]
        assert len(receiver.told) == 2
        async with main.reading() as session:
            kinds = [row.kind for row in await journal.after(session, 0, 10)]
        assert kinds == ["alarm_raised", "alarm_cleared"]


async def levels(database: Database) -> list[str]:
    """What was told, in its order."""
    async with database.reading() as session:
        return list(await session.scalars(select(Notice.level).order_by(Notice.made_at)))


async def test_a_state_is_told_each_time_it_begins_and_not_when_it_is_over(main: Database) -> None:
    """
    minute | trunk | told
    0      | down  | failure
    1      | up    | well again
    2      | down  | failure: the second in half an hour, and another one
    3      | up    | well again
    40     | up    | nothing
    """
    alarms = Alarms(timedelta(minutes=30), ["0a1b2c3d"])
    began = now()
    for minute, is_down in ((0, True), (1, False), (2, True), (3, False), (40, False)):
        at = began + timedelta(minutes=minute)
        async with main.transaction() as session:
            if is_down:
                await alarms.stands(session, "trunk_down", "trunk@pbx", "", at)
            await alarms.sweep(session, {"trunk_down:trunk@pbx"} if is_down else set(), at)
    assert await levels(main) == ["failure", "success", "failure", "success"]


async def test_a_probe_that_fails_once_it_was_well_again_is_told_at_once(main: Database) -> None:
    alarms = Alarms(timedelta(minutes=30), ["0a1b2c3d"])
    began = now()
    for minute, fails in ((0, True), (1, True), (2, False), (3, True)):
        at = began + timedelta(minutes=minute)
        async with main.transaction() as session:
            if fails:
                await alarms.happened(session, "probe_failed", "", "", at)
            else:
                await alarms.over(session, "probe_failed", "", at)
    assert await levels(main) == ["failure", "success", "failure"]


async def test_a_probe_s_alarm_stands_until_a_test_call_goes_well(
    settings: Settings, main: Database
) -> None:
    """However long that takes: a probe each hour must not look well in between."""
    failed = ProbeDone(at=now(), ok=False, seconds=9, failed=["not within 30 s: answered"])
    with given_receiver() as receiver:
        add_target(settings.data_dir, receiver.url)
        async with given_desk(settings, main):
            await happened(main, failed)
            await until(lambda: receiver.titles("a test call failed"), 40, "told")
            await long_ago(main)
            await happened(main, gap())  # whatever else is looked at meanwhile
            await until(lambda: receiver.titles("a recording has a gap"), 40, "looked at since")
            assert "alarm_cleared" not in await kinds(main)
            await happened(main, ProbeDone(at=now(), ok=True, seconds=9, failed=[]))
            await until(lambda: receiver.titles("well again"), 40, "told that it is over")
        assert (await kinds(main)).count("alarm_cleared") == 1


async def long_ago(database: Database) -> None:
    """As if the probe had failed two hours ago."""
    async with database.transaction() as session:
        row = await session.scalar(select(Alarm).where(Alarm.alarm == "probe_failed"))
        assert row is not None
        row.last_at -= timedelta(hours=2)


async def kinds(database: Database) -> list[str]:
    async with database.reading() as session:
        return [row.kind for row in await journal.after(session, 0, 20)]


@pytest.mark.parametrize(
    ("said", "alarms"),
    [
        ({"asterisk": True, "ami": True}, set()),
        ({"asterisk": False, "ami": False}, {"asterisk_down"}),
        ({"asterisk": True, "ami": False}, {"ami_down"}),
        ({"asterisk": True, "ami": True, "forwarder_away_seconds": 3.0}, {"forwarder_away"}),
        ({"asterisk": True, "ami": True, "disk_reserve": "whole"}, set()),
        ({"asterisk": True, "ami": True, "disk_reserve": "spent"}, {"reserve_spent"}),
        (
            {"asterisk": True, "ami": True, "disk_reserve": "gone"},
            {"reserve_spent", "recording_stopped"},
        ),
        ({"asterisk": True, "ami": True, "cel_unread_bytes": 10**6}, {"cel_behind"}),
        ({"asterisk": True, "ami": True, "trunks": {"a": "up", "b": False}}, {"trunk_down"}),
    ],
)
def test_which_states_are_wrong(said: dict[str, Any], alarms: set[str]) -> None:
    moment = now()
    row = PartState(part="controller", node="pbx", at=moment, detail=said)
    assert {w.alarm for w in wrong_states([row], moment, Disk(10, 5), 4)} == alarms
    silent = PartState(part="api", node="pbx", at=moment - timedelta(seconds=30), detail={})
    assert [w.alarm for w in wrong_states([silent], moment, Disk(10, 3), 4)] == [
        "disk_low",
        "part_silent",
    ]


def test_a_part_stays_wrong_for_as_long_as_it_is_silent() -> None:
    """And so does what it called wrong last: nobody says that it is well."""
    moment = now()
    days_ago = moment - timedelta(days=3)
    said = {"asterisk": True, "ami": True, "trunks": {"one": "down"}}
    parts = [
        PartState(part="controller", node="pbx", at=days_ago, detail=said),
        PartState(part="desk", node="pbx", at=days_ago, detail={}),
    ]
    assert [wrong.key for wrong in wrong_states(parts, moment, Disk(10, 5), 4)] == [
        "part_silent:controller@pbx",
        "trunk_down:one@pbx",
        "part_silent:desk@pbx",
    ]


async def test_work_that_is_not_done_for_long_is_an_alarm(
    settings: Settings, main: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    owed for | work                                   | late
    16 min   | a ticket that fails, due again in five | yes
    14 min   | a notice                               | not yet
    2 h      | a transcript, on a busy day            | not yet
    """
    monkeypatch.setitem(ALARMS, "work_waits", replace(ALARMS["work_waits"], for_seconds=0.0))
    moment = now()
    async with main.transaction() as session:
        for stage, minutes in ((TICKET, 16), (NOTIFY, 14), (TRANSCRIBE, 120)):
            await owe(session, CALL, stage)
            row = await session.get_one(OwedWork, (CALL, stage))
            row.owed_since = moment - timedelta(minutes=minutes)
            row.attempts, row.not_before = 9, moment + timedelta(minutes=5)
    assert await late(main) == {TICKET}
    assert await late(main, timedelta(hours=12)) == {TICKET, NOTIFY, TRANSCRIBE}
    watch = Watch(main, settings)
    for state, alarm in (("owed", "raised"), ("dead", "raised"), ("done", "cleared")):
        async with main.transaction() as session:
            (await session.get_one(OwedWork, (CALL, TICKET))).state = state
        await watch.look()
        async with main.reading() as session:
            [row] = await session.scalars(select(Alarm))
        assert (row.key, row.state) == ("work_waits:ticket", alarm), state


async def late(database: Database, later: timedelta = timedelta()) -> set[str]:
    async with database.reading() as session:
        return {wrong.about for wrong in await late_work(session, now() + later)}


async def test_a_notice_nobody_takes_delays_no_ticket(settings: Settings, main: Database) -> None:
    """Ten notices for an address that accepts and never answers: four seconds each."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = add_target(settings.data_dir, f"json://127.0.0.1:{silent.getsockname()[1]}/")
        alarms = Alarms(timedelta(minutes=30), [target.target_id])
        async with main.transaction() as session:
            for number in range(10):
                await alarms.happened(session, "trunk_down", f"{number}@pbx", "", now())
            await owe(session, CALL, TICKET)
        desk = asyncio.create_task(run_desk(Installation(settings)))
        try:
            await until(lambda: is_tried(main, TICKET), 20, "the desk comes to the ticket")
        finally:
            desk.cancel()
            with suppress(asyncio.CancelledError):
                await desk


async def is_tried(database: Database, stage: str) -> bool:
    async with database.reading() as session:
        tried = (OwedWork.stage == stage) & (OwedWork.attempts > 0)
        return await session.scalar(select(OwedWork.call_id).where(tried)) is not None


async def test_every_alarm_has_words_and_dead_notices_make_no_more(
    settings: Settings, main: Database
) -> None:
    assert set(ALARM_OF_FACT.values()) <= set(ALARMS)
    with given_receiver() as receiver:
        add_target(settings.data_dir, receiver.url)
        async with given_desk(settings, main):
            died = {"at": now(), "call_id": CALL, "attempts": 4, "error": "X"}
            await happened(
                main, WorkDied(stage="notify", **died), WorkDied(stage="transcribe", **died)
            )
            await until(lambda: receiver.told, 40, "told")
        assert "stage: transcribe" in receiver.told[0]["message"]
        assert len(receiver.told) == 1


async def test_the_command_reaches_every_address_or_says_which_not(settings: Settings) -> None:
    none = await hotline(settings, "alarm", "test")
    assert none.code == 1 and "Traceback" not in none.error
    with given_receiver() as receiver:
        added = await hotline(settings, "alarm", "add", receiver.url)
        assert added.code == 0 and receiver.url not in added.out
        assert (settings.data_dir / FILE).stat().st_mode & 0o777 == 0o600
        said = await hotline(settings, "alarm", "test")
        assert said.code == 0, said.out + said.error
        assert len(receiver.told) == 1
        receiver.refuses = True
        said = await hotline(settings, "alarm", "test")
        assert said.code == 1 and receiver.url not in said.out + said.error


def test_a_bad_address_is_named_by_its_line_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("# ours\n\nnonsense://secret-key\n")
    with pytest.raises(BadAddress) as bad:
        read_targets(tmp_path)
    assert "line 3" in str(bad.value) and "secret-key" not in str(bad.value)


@pytest.mark.parametrize(
    "written",
    [
        b"nonsense://secret-key\njson://127.0.0.1/a\n",
        "\ufeffjson://127.0.0.1/a\n".encode(),
        "# 值班群\njson://127.0.0.1/a\n".encode("gbk"),
        b"json://127.0.0.1/a",
    ],
    ids=["beside a bad line", "marked as UTF-8", "a comment in GBK", "no end of line"],
)
def test_an_address_is_read_whatever_is_written_beside_it(tmp_path: Path, written: bytes) -> None:
    (tmp_path / FILE).write_bytes(written)
    assert [target.url for target in read_addresses(tmp_path).targets] == ["json://127.0.0.1/a"]
    add_target(tmp_path, "json://127.0.0.1/b")
    addresses = read_addresses(tmp_path)
    assert [target.url[-1] for target in addresses.targets] == ["a", "b"]
    assert "secret-key" not in str(addresses)


async def test_where_no_address_is_right_an_alarm_waits_until_one_is(
    settings: Settings, main: Database
) -> None:
    file = settings.data_dir / FILE
    file.write_text("nonsense://secret-key\n")
    with given_receiver() as receiver:
        async with given_desk(settings, main):
            await happened(main, gap())
            await until(lambda: is_raised(main), 40, "raised")
            assert await levels(main) == []
            file.write_text(f"nonsense://secret-key\n{receiver.url}\n")
            await until(lambda: receiver.told, 40, "told where it can be")


async def is_raised(database: Database) -> bool:
    return "alarm_raised" in await kinds(database)


async def test_where_nobody_is_to_be_told_nothing_waits(main: Database) -> None:
    """Whoever is added later does not hear of all that ever was."""
    async with main.transaction() as session:
        await Alarms(timedelta(minutes=30), []).happened(session, "overdue", "", "", now())
    async with main.reading() as session:
        [row] = await session.scalars(select(Alarm))
    assert row.untold == 0 and row.told_at is not None
