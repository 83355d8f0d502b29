"""What is done to the service in the middle of its calls; the table is at the foot."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from sqlalchemy import select

from hotline.health.tables import PartState
from store.database import DatabaseAway
from tests.e2e.stage import until
from tests.soak.calls import Calls
from tests.soak.lines import Lines
from tests.soak.world import PARTS, World

LOCKED_SECONDS = 6.0
CUT_SECONDS = 2.0
FULL_SECONDS = 4.0
LOST_SECONDS = 5.0
WELL_WITHIN = 45.0
LIVE_WITHIN = 90.0
# Between one fault and the next: the faults fill the first half of a run.
LEAST_PACE, LONGEST_PACE = 2.0, 20.0

Fault = Callable[[World], Awaitable[None]]


async def kill(part: str, world: World) -> None:
    """kill -9; whoever watches it starts it again."""
    before = world.pid(part)
    await world.kill(part)
    await until(lambda: world.pid(part) not in (None, before), WELL_WITHIN, f"a new {part}")


async def kill_asterisk(world: World) -> None:
    """Calls are over; people hear silence for a second and put the receiver down."""
    await kill("asterisk", world)
    await asyncio.sleep(1.0)
    await world.town.everybody_hangs_up()


async def kill_supervisor(world: World) -> None:
    """Its parts go on; somebody starts it again two seconds later."""
    await world.kill("supervisor")
    assert world.service is not None
    await world.service.wait()
    await asyncio.sleep(2.0)
    await world.start_service()
    await until(lambda: world.pid("supervisor"), WELL_WITHIN, "a new supervisor")


async def lock_database(world: World) -> None:
    """The main database, by somebody else's transaction."""
    await asyncio.to_thread(_hold_lock, str(world.settings.data_dir / "hotline.sqlite"))


def _hold_lock(path: str) -> None:
    locker = sqlite3.connect(path, isolation_level=None, timeout=20)
    try:
        locker.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCKED_SECONDS)
        locker.execute("ROLLBACK")
    finally:
        locker.close()


async def cut_link(world: World) -> None:
    """The link to Asterisk's manager, and each new one for two seconds."""
    proxy = world.proxy
    assert proxy is not None
    cuts = proxy.cuts
    proxy.cut_before_reply = proxy.cut_after_request = lambda _: True
    try:
        await until(lambda: proxy.cuts > cuts, 30, "the link cut")
        await asyncio.sleep(CUT_SECONDS)
    finally:
        proxy.cut_before_reply = proxy.cut_after_request = lambda _: False


async def fill_disk(world: World) -> None:
    """Not a block left: for recordings, journals, the database, the logs."""
    with world.disk.full():
        await asyncio.sleep(FULL_SECONDS)


async def lose_packets(world: World) -> None:
    """A citizen and an operator send no packet for seconds, and go on hearing."""
    before = len(world.town.losses)
    await world.town.lose_packets(LOST_SECONDS)
    assert len(world.town.losses) > before, "nobody was long enough on the line"


async def inject(world: World, calls: Calls, lines: Lines, stop: asyncio.Event) -> None:
    """Each fault as often as the plan says, in turn, each time with calls on the line."""
    done = [line["fault"] for line in lines.read("faults")]
    wanted = max(1, world.plan.faults * len(FAULTS) - len(done))
    pace = min(LONGEST_PACE, max(LEAST_PACE, world.plan.minutes * 30 / wanted - 8.0))
    for turn in range(world.plan.faults):
        for name, fault in FAULTS.items():
            if done.count(name) > turn:
                continue
            await until(
                lambda: stop.is_set() or world.town.talking >= world.plan.live,
                LIVE_WITHIN, "live calls",
            )  # fmt: skip
            if stop.is_set():
                return
            began, live = time.time(), world.town.talking
            problem = ""
            try:
                await fault(world)
            except Exception as error:  # told in the line: the run goes on
                problem = f"{type(error).__name__}: {error}"
            over = time.time()
            well = await _until_well(world, over)
            lines.write(
                "faults", fault=name, began=began, over=over, live=live, problem=problem,
                well_after=well - over if well else None,
            )  # fmt: skip
            losses, world.town.losses = world.town.losses, []
            for loss in losses:
                lines.write("losses", **loss)
            with suppress(TimeoutError):
                async with asyncio.timeout(pace):
                    await stop.wait()


async def _until_well(world: World, since: float) -> float | None:
    """When every part had said again that it is well (each does every 2 s); None: not in time."""
    try:
        await until(lambda: _all_have_said_so(world, since), WELL_WITHIN, "the service well")
    except AssertionError:
        return None
    return time.time()


async def _all_have_said_so(world: World, since: float) -> bool:
    try:
        async with world.database.reading() as session:
            rows = list(await session.scalars(select(PartState)))
    except DatabaseAway:
        return False
    fresh = {row.part for row in rows if row.at.timestamp() > since}
    return fresh >= set(PARTS) and await world.is_well()


FAULTS: dict[str, Fault] = {
    "controller killed": partial(kill, "controller"),
    "interface killed": partial(kill, "api"),
    "ticket worker killed": partial(kill, "desk"),
    "transcriber killed": partial(kill, "transcriber"),
    "supervisor killed": kill_supervisor,
    "main database locked": lock_database,
    "manager link cut": cut_link,
    "packets lost": lose_packets,
    "disk full": fill_disk,
    "Asterisk killed": kill_asterisk,
}
