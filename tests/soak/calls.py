"""One call after the other: a citizen dials, talks, in every third a liaison joins, hangs up."""

import asyncio
import itertools
import time
from contextlib import suppress

import httpx
from sqlalchemy import select

from simulator.desk import DeskError
from simulator.person import PersonError
from store.database import DatabaseAway
from telephony.tables import PhoneCall
from tests.soak.lines import Lines
from tests.soak.people import Phone, until_changed
from tests.soak.world import World

CITIZENS = 60
ANSWERED_WITHIN = 15.0
THREE_WAY_EACH = 3
MISSED = (DeskError, DatabaseAway, httpx.HTTPError, PersonError, TimeoutError)


class Calls:
    """A steady stream; each call leaves one line of what the carrier saw."""

    def __init__(self, world: World, lines: Lines) -> None:
        self._world = world
        self._lines = lines
        self._free: asyncio.Queue[str] = asyncio.Queue()
        for n in range(CITIZENS):
            self._free.put_nowait(f"1390000{n:04d}")
        self._liaisons: asyncio.Queue[int] = asyncio.Queue()
        for n in range(len(world.town.liaisons)):
            self._liaisons.put_nowait(n)
        self._numbers = itertools.count(len(lines.read("calls")) + 1)
        self.placed = self.dropped = self.unanswered = self.joined = 0

    async def run(self, stop: asyncio.Event) -> None:
        """A new call every few seconds until `stop`; returns when the last is over."""
        async with asyncio.TaskGroup() as tasks:
            while not stop.is_set():
                tasks.create_task(self._one(next(self._numbers)))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._world.plan.every_seconds):
                        await stop.wait()

    async def _one(self, number: int) -> None:
        citizen = await self._free.get()
        try:
            phone = await self._world.town.phone(citizen, "citizen")
            await self._call(number, phone)
        except PersonError:  # the carrier itself refused: told as a call that was not answered
            self._write(number, citizen, time.time(), None, None, "unanswered", None)
        finally:
            self._free.put_nowait(citizen)

    async def _call(self, number: int, phone: Phone) -> None:
        self.placed += 1
        dialled = time.time()
        # 20 … 40 s, spread evenly, the same in every run.
        ends = dialled + self._world.plan.talk_seconds * (0.67 + 0.67 * (number * 7 % 20) / 20)
        await phone.person.dial()
        if not await self._answered(phone):
            self.unanswered += 1
            self._write(number, phone.person.number, dialled, None, None, "unanswered", None)
            return
        answered = phone.since
        liaison, joined = None, None
        if number % THREE_WAY_EACH == 0:
            unit = await self._liaisons.get()
            liaison = self._world.town.phones[self._world.town.liaisons[unit]]
            joined = await self._three_way(phone, liaison, self._world.units[unit], ends - 8)
            self.joined += joined is not None
        while phone.since is not None and time.time() < ends:
            await until_changed(phone, ends - time.time())
        if phone.since is None:  # not by us
            how, over = "dropped", phone.hung_up_at
            self.dropped += 1
        else:
            how, over = "hung_up", time.time()
            with suppress(PersonError):
                await phone.person.hang_up()
            if phone.since is not None:
                await until_changed(phone, 10)
        if liaison is not None:  # the helpers might talk on for ever, and nobody would end it
            if liaison.since is not None:
                with suppress(PersonError):
                    await liaison.person.hang_up()
            self._liaisons.put_nowait(self._world.town.liaisons.index(liaison.person.number))
        self._write(number, phone.person.number, dialled, answered, over, how, joined)

    async def _answered(self, phone: Phone) -> bool:
        end = time.time() + ANSWERED_WITHIN
        while phone.since is None and time.time() < end:
            await until_changed(phone, end - time.time())
        return phone.since is not None

    async def _three_way(
        self, phone: Phone, liaison: Phone, unit: str, until: float
    ) -> float | None:
        """Connect a unit, as an operator does, again while the service is away; when it joined."""
        asked = time.time()
        while phone.since is not None and time.time() < until:
            with suppress(*MISSED):
                call_id = await self._call_id(phone.person.number, asked)
                if call_id is not None and liaison.since is None:
                    await self._world.desk.do(f"/calls/{call_id}/connect", unit_id=unit)
                if call_id is not None:
                    await liaison.person.until_talking(within=10)
                    await asyncio.sleep(1)  # listens to the invitation first
                    await liaison.person.press("1", then="hum")
                    return time.time()
            await asyncio.sleep(0.5)
        return None

    async def _call_id(self, number: str, answered: float) -> str | None:
        """The call, once an operator talks in it."""
        async with self._world.database.reading() as session:
            row = await session.scalar(
                select(PhoneCall)
                .where(PhoneCall.caller_number == number, PhoneCall.stage == "live")
                .order_by(PhoneCall.started_at.desc())
                .limit(1)
            )
        if row is None or row.operator_at is None or row.started_at.timestamp() < answered - 16:
            return None
        return str(row.call_id)

    def _write(
        self, number: int, citizen: str, dialled: float, answered: float | None,
        over: float | None, how: str, joined: float | None,
    ) -> None:  # fmt: skip
        self._lines.write(
            "calls", number=number, citizen=citizen, dialled=dialled, answered=answered,
            over=over, how=how, joined=joined,
        )  # fmt: skip
        talks, self._world.town.talks = self._world.town.talks, []
        for talk in talks:
            self._lines.write("talks", **talk)
