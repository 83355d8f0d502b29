"""Not one byte is left on the disk: people talk on, callers are answered, and it mends itself."""

import asyncio
import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import select

from casework.tickets.tables import Ticket
from hotline.alarms.sending import add_target
from hotline.alarms.tables import Alarm, Notice
from hotline.alarms.watch import Watch
from hotline.health.tables import PartState
from hotline.settings import Settings
from simulator.person import Person
from store import journal
from store.database import Database, DatabaseAway
from tests.e2e.bad_calls.scenes import (
    asterisk_log,
    nothing_is_left,
    start_controller_alone,
)
from tests.e2e.bad_calls.small_disk import small_disk
from tests.e2e.scenes import given_bridged_call, hears, pass_of
from tests.e2e.stage import Stage, given_stage, until


async def test_a_full_disk_drops_nobody_and_is_told_afterwards() -> None:
    """
    the disk  | the pair         | a new caller          | the controller
    full      | talk on          | answered, led on      | ends, is started again in vain
    has room  | hang up          | hangs up              | catches up, seals, tells the gaps
    """
    base = Path(tempfile.mkdtemp(prefix="hotline-test-"))
    with small_disk(base / "data", megabytes=64) as disk:
        async with given_stage(controller="none", base=base) as stage, stage.desk():
            city = stage.city
            await start_controller_alone(stage)
            await given_bridged_call(stage)
            begun, _ = await pass_of(0.5)
            await asyncio.to_thread(disk.fill)
            await city.second_citizen.dial()
            await city.second_citizen.until_talking()
            _, ended = await pass_of(3.0)
            assert city.citizen.is_talking and city.operator.is_talking
            assert city.second_citizen.is_talking
            assert "No space left on device" in asterisk_log(stage)

            await asyncio.to_thread(disk.free)
            if stage.process is not None and stage.process.returncode is not None:
                await start_controller_alone(stage)  # as the supervisor does
            for citizen in (city.citizen, city.second_citizen):
                await citizen.hang_up()
                await citizen.until_hung_up()
            await nothing_is_left(stage, within=40)
            assert hears(city.citizen, (begun, ended)) == {"operator"}
            assert len(await stage.calls()) == 2
            assert len(await stage.until_tickets(2, within=40)) == 2
            told = {(row.call_id, row.data["role"]) for row in await stage.facts("recording_gap")}
            assert told, "what is not in the recordings is told"
            for file in ("hotline.sqlite", f"journal-{stage.settings.node}.sqlite"):
                assert await asyncio.to_thread(whole, stage.settings.data_dir / file)


async def test_calls_in_a_full_disk_leave_rows_and_tickets_out_of_the_reserve() -> None:
    """
    the disk      | reserve | who calls       | what is left of it while the disk is full
    full          | spent   | second citizen  | row, ticket, recording
    full again    | gone    | third citizen   | row, ticket that says: recording incomplete
    has room      | whole   | second citizen  | row, ticket, recording
    """
    base = Path(tempfile.mkdtemp(prefix="hotline-test-"))
    with small_disk(base / "data", megabytes=160) as disk:
        settings = {"reserve_mb": 64, "reserve_least_mb": 4}
        async with given_stage(controller="none", base=base, **settings) as stage, stage.desk():
            city = stage.city
            await start_controller_alone(stage)
            await until_reserve(stage, "whole")
            await given_bridged_call(stage)
            begun, _ = await pass_of(0.5)

            await asyncio.to_thread(disk.fill_at_once)
            await until_reserve(stage, "spent")
            await called_and_hung_up(stage, city.second_citizen, 1, gap=False)

            await asyncio.to_thread(disk.fill_at_once)
            await until_reserve(stage, "gone")
            third = city.person("13800000003", "citizen")
            second = await called_and_hung_up(stage, third, 2, gap=True)
            assert "录音不完整" in second.transcript_note
            assert second.caller_number == "13800000003"
            _, ended = await pass_of(0.5)
            assert stage.process is not None and stage.process.returncode is None
            assert not (stage.installation.folder.recordings / second.call_id).exists()

            await asyncio.to_thread(disk.free)
            await until_reserve(stage, "whole")
            await city.citizen.hang_up()
            await city.citizen.until_hung_up()
            await nothing_is_left(stage, within=40)
            assert hears(city.citizen, (begun, ended)) == {"operator"}
            assert hears(city.operator, (begun, ended)) == {"citizen"}
            # The pair's own tracks end where recording stopped, and that is told.
            tickets = await stage.until_tickets(3, within=90)
            pair = (await stage.call()).call_id
            assert pair in {row.call_id for row in await stage.facts("recording_gap")}
            await called_and_hung_up(stage, city.second_citizen, 3, gap=False)
            assert len(tickets) == 3 and len(await stage.calls()) == 4
            levels = [row.data["level"] for row in await stage.facts("disk_reserve")]
            assert levels == ["spent", "gone", "whole"]
            for file in ("hotline.sqlite", f"journal-{stage.settings.node}.sqlite"):
                assert await asyncio.to_thread(whole, stage.settings.data_dir / file)


async def called_and_hung_up(stage: Stage, citizen: Person, number: int, *, gap: bool) -> Ticket:
    """A citizen who talks for a while; the ticket of that call, the n-th, once it says so."""
    await citizen.dial()
    await citizen.until_talking()
    call = await stage.call(number)
    await pass_of(2.0)  # longer than the second that may be missing before it is told
    await citizen.hang_up()
    await citizen.until_hung_up()

    async def there() -> Ticket | None:
        tickets = [t for t in await stage.tickets() if t.call_id == call.call_id]
        return next((ticket for ticket in tickets if ticket.has_gap is gap), None)

    ticket = await until(there, 90, "the ticket")
    assert isinstance(ticket, Ticket)
    return ticket


async def reserve(stage: Stage) -> str:
    """What the controller says of it in its heartbeat."""
    async with stage.database.reading() as session:
        row = await session.get(PartState, ("controller", stage.settings.node))
    return str(row.detail.get("disk_reserve")) if row is not None else ""


async def until_reserve(stage: Stage, level: str) -> None:
    async def says() -> bool:
        try:
            return await reserve(stage) == level
        except DatabaseAway:
            return False

    await until(says, 30, f"the reserve {level}")


async def test_at_ninety_five_percent_one_alarm_and_it_clears_when_there_is_room(
    tmp_path: Path,
) -> None:
    """
    the disk | told
    94 % full | nothing
    96 % full | disk nearly full, once, however often it is looked at
    has room  | well again
    """
    with small_disk(tmp_path / "data", megabytes=64) as disk:
        settings = Settings(
            data_dir=tmp_path / "data", disk_alarm_mb=0, alarm_minutes=0.02, reserve_mb=0
        )
        # The database lies elsewhere, so that what it writes does not change the per cents.
        main = Database(f"sqlite:///{tmp_path / 'main.sqlite'}")
        await main.migrate()
        add_target(settings.data_dir, "json://127.0.0.1:9/nobody")
        watch = Watch(main, settings)
        disk.fill_to(94.0)
        await looks(watch, 2)
        assert await alarms(main) == []
        disk.fill_to(96.0)
        await looks(watch, 4)
        assert await alarms(main) == [("disk_low", "raised")]
        assert await kinds(main) == ["alarm_raised"]
        assert await notices(main) == 1
        disk.free()
        await looks(watch, 2)
        assert await alarms(main) == [("disk_low", "cleared")]
        assert await kinds(main) == ["alarm_raised", "alarm_cleared"]
        assert await notices(main) == 2
        await main.close()


async def looks(watch: Watch, times: int) -> None:
    for _ in range(times):
        await watch.look()


async def alarms(main: Database) -> list[tuple[str, str]]:
    async with main.reading() as session:
        return [(row.alarm, row.state) for row in await session.scalars(select(Alarm))]


async def notices(main: Database) -> int:
    async with main.reading() as session:
        return len(list(await session.scalars(select(Notice))))


async def kinds(main: Database) -> list[str]:
    async with main.reading() as session:
        return [row.kind for row in await journal.after(session, 0, 100)]


def whole(path: Path) -> bool:
    with sqlite3.connect(path) as database:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))
