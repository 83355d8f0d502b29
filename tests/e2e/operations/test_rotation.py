"""A real Asterisk's logs and event file are put aside in the middle of calls: nothing is lost."""

from collections import Counter

from sqlalchemy import func, select

from store.tables import FactRow
from telephony.asterisk.logs import rotate_logs
from telephony.asterisk.memory import give_back
from tests.e2e.bad_calls.scenes import nothing_is_left
from tests.e2e.scenes import given_bridged_call, given_three_way_call, hears, pass_of
from tests.e2e.stage import Stage, given_stage, until


async def test_the_event_file_is_put_aside_in_calls_and_each_event_counts_once() -> None:
    """
    the event file             | the controller | the call
    put aside at each 3 kB     | reads on       | three-way, with a key pressed
    renamed by somebody, twice | is killed      | talk on, hang up
    -                          | starts again   | ended in order, sealed without a gap, one ticket
    """
    async with given_stage(controller="process", event_file_mb=0.003) as stage, stage.desk():
        city = stage.city
        await given_three_way_call(stage)
        begun, ended = await pass_of(1.0)
        folder = stage.installation.folder.cel_file.parent
        await until(lambda: len(list(folder.iterdir())) > 1, 10, "the file put aside")

        await stage.kill_controller()
        await city.liaison.hang_up()
        await city.liaison.until_hung_up()
        await renamed(stage, "cel.csv.by-hand-1")
        # Without a controller nobody ends the room for the one who is left in it.
        for person in (city.citizen, city.operator):
            await person.hang_up()
            await person.until_hung_up()
        await renamed(stage, "cel.csv.by-hand-2")
        await stage.start_controller_process()

        await nothing_is_left(stage, within=30)
        assert hears(city.citizen, (begun, ended)) == {"operator", "liaison"}
        call = await stage.call()
        assert not call.row.line_broke, await stage.story()
        _, manifest = await stage.sealed()
        assert not manifest.gaps and len(manifest.tracks) == 3
        assert len(await stage.until_tickets(1)) == 1
        once = await counted(stage, call.call_id)
        assert once["call_started"] == once["call_ended"] == once["connect_accepted"] == 1
        assert once["leg_started"] == once["leg_answered"] == once["leg_ended"] == 3
        assert once["track_started"] == 3
        assert len(list(folder.iterdir())) <= 8


async def test_old_event_files_go_and_the_newest_stay() -> None:
    async with given_stage(event_file_mb=0.002) as stage, stage.desk():
        city = stage.city
        await given_bridged_call(stage)
        for _ in range(3):
            await city.citizen.hang_up()
            await city.operator.until_hung_up()
            await city.citizen.dial()
            await city.operator.until_talking()
        await city.citizen.hang_up()
        await nothing_is_left(stage)
        files = list(stage.installation.folder.cel_file.parent.iterdir())
        assert 3 <= len(files) <= 6, files
        assert len(await stage.calls()) == 4
        assert all(call.row.stage == "ended" for call in await stage.calls())


async def test_asterisks_own_logs_are_rotated_and_bounded() -> None:
    async with given_stage(controller="none") as stage:
        log = stage.installation.folder.log
        for number in range(4):
            said = f"nobody-{number}"
            await complain(stage, said)
            assert await rotate_logs(stage.pbx, most=10, keep=2)
            assert said in (log / "messages.0").read_text("utf-8", "replace")
        assert sorted(path.name for path in log.glob("messages*")) == [
            "messages", "messages.0", "messages.1",
        ]  # fmt: skip
        # Asterisk writes on into the new file.
        await complain(stage, "nobody-after")
        assert not await rotate_logs(stage.pbx, most=10_000_000, keep=2)


async def test_asterisk_gives_memory_back_when_asked() -> None:
    async with given_stage(controller="none") as stage:
        assert "memory" in await give_back(stage.pbx)
        await stage.pbx.stop()
        assert await give_back(stage.pbx) == ""


async def renamed(stage: Stage, name: str) -> None:
    """As somebody's own logrotate would, once there are lines in it."""
    file = stage.installation.folder.cel_file
    await until(file.exists, 10, "lines written")
    file.rename(file.with_name(name))


async def counted(stage: Stage, call_id: str) -> Counter[str]:
    async with stage.database.reading() as session:
        rows = await session.execute(
            select(FactRow.kind, func.count())
            .where(FactRow.call_id == call_id)
            .group_by(FactRow.kind)
        )
    return Counter({row[0]: int(row[1]) for row in rows})


async def complain(stage: Stage, word: str) -> None:
    """Let Asterisk write a warning with this word in it."""
    await stage.pbx.command(f"module load {word}.so")
    log = stage.installation.folder.log / "messages"
    await until(lambda: word in log.read_text("utf-8", "replace"), 10, f"{word} in the log")
