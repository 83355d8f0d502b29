"""Room hotline/probe: one test call: three simulated people, real SIP, and what must be true.

the caller dials → [dial_in] → the flow in force, its notice heard → [queue], with an operator of
its own who answers → connect → the liaison presses 1 → everybody hears everybody → hang up
→ sealed, chained, transcribed, a ticket marked so

Where the flow leads everybody to a message at this hour, so it does the caller, and it ends there.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from casework.tickets.tables import Ticket
from hotline.backup.snapshot import BackupFailed, check_recording
from hotline.installation import Installation
from hotline.lock import take_lock
from hotline.nudging import nudge
from hotline.probe.facts import ProbeDone
from hotline.probe.people import CALLER, LIAISON, OPERATOR, UNIT
from hotline.probe.way import MESSAGE, Way
from recording.tables import Recording
from simulator.carrier import Carrier, HotlineAddress
from simulator.city import TONES
from simulator.ears import heard_file, who_is_heard
from simulator.person import Person
from store import journal
from store.base import new_id, now
from store.database import Database, DatabaseAway
from store.tables import FactRow
from telephony.asterisk.node import AsteriskFailed
from telephony.dialplan import PROBE
from telephony.ivr.facts import FlowNodeEntered
from telephony.tables import Command, Leg, PhoneCall

# Apart from the addresses of the demo's city.
ADDRESS, PHONES_ADDRESS = "127.0.0.8", "127.0.0.9"
# The flow speaks before the queue: a notice of 6 s, and maybe a sentence more.
ANSWER_SECONDS, ROOM_SECONDS, SEAL_SECONDS = 30.0, 20.0, 20.0
# The prompt takes 6 s, and what is heard is written in blocks of two.
MESSAGE_HEARD_SECONDS = 20.0
# Asterisk writes what somebody hears in blocks of two seconds.
HEARD_SECONDS = 6.5
# One second of all others in the ear will do: how even it is, the tracks and the bench say.
LISTEN_SECONDS, STARTS = 1.0, (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


class ProbeFailed(AssertionError):
    """One thing was not as it should be; without it the rest cannot be tried."""


@dataclass
class Probe:
    """One test call. `ticket_seconds`: how long transcript and ticket may take; 0: not awaited."""

    installation: Installation
    database: Database
    ticket_seconds: float = 180.0
    call_id: str | None = None
    failed: list[str] = field(default_factory=list)

    async def run(self) -> ProbeDone:
        """Make the call and write down how it went; never raises for what it found."""
        started = time.monotonic()
        try:
            await self._call()
        except (AssertionError, AsteriskFailed, DatabaseAway, OSError, TimeoutError) as error:
            self.failed.append(str(error) or type(error).__name__)
        done = ProbeDone(
            at=now(), call_id=self.call_id, ok=not self.failed,
            seconds=round(time.monotonic() - started, 2), failed=self.failed,
        )  # fmt: skip
        async with self.database.transaction() as session:
            await journal.append(session, done)
        return done

    @cached_property
    def _way(self) -> Way:
        return Way(self.installation)

    @property
    def _base(self) -> Path:
        return self.installation.settings.data_dir / "probe"

    @asynccontextmanager
    async def _city(self) -> AsyncIterator[Carrier]:
        """Three phones, and nothing left of them afterwards; nor of a test call that was killed."""
        place, settings = self.installation, self.installation.settings
        address = HotlineAddress(settings.sip_address, settings.sip_port, PROBE)
        carrier = Carrier(
            place.folder.program, self._base, address, place.probe_phones, address=ADDRESS,
            phones_address=PHONES_ADDRESS,
        )  # fmt: skip
        await carrier.node.stop()
        try:
            async with carrier:
                yield carrier
        finally:
            await carrier.node.stop()
            await asyncio.to_thread(shutil.rmtree, self._base, ignore_errors=True)

    async def _call(self) -> None:
        async with self._city() as carrier:
            caller = Person(carrier, CALLER, TONES["citizen"])
            operator = Person(carrier, OPERATOR, TONES["operator"])
            liaison = Person(carrier, LIAISON, TONES["liaison"])
            await self._until(self._registered, 15, "话机注册 / phones register")
            await operator.when_rung("answer")
            await liaison.when_rung("answer")
            people = {"citizen": caller, "operator": operator, "liaison": liaison}
            self.failed += self._way.wrong()
            began = now()
            await caller.dial(PROBE, via=f"phone-{CALLER}")
            self.call_id = await self._until(
                lambda: self._answered(began), ANSWER_SECONDS, "接听 / answered"
            )
            led = await self._until(self._led, ANSWER_SECONDS, "话务员接听 / an operator")
            if led == "operator":
                await self._three_way(people)
            else:
                await self._until_said(caller)
            await self._everybody_leaves(people)
            await self._check_way(caller)
            recording = await self._until(self._sealed, SEAL_SECONDS, "封存 / sealed")
        await asyncio.to_thread(
            self._check, recording, set(people) if led == "operator" else {"citizen"}
        )
        await self._check_chain(recording)
        if self.ticket_seconds:
            await self._until(self._ticket, self.ticket_seconds, "转写与工单 / transcript, ticket")

    async def _three_way(self, people: dict[str, Person]) -> None:
        await self._connect()
        await people["liaison"].until_talking()
        await people["liaison"].press("1")
        await self._until(self._in_room, ROOM_SECONDS, "三方 / three in the room")
        await self._listen(people)

    async def _until_said(self, caller: Person) -> None:
        """The flow ends without a person: what it says there is heard to its end."""

        async def heard() -> bool:
            return not await asyncio.to_thread(self._way.not_heard, caller, MESSAGE)

        await self._until(heard, MESSAGE_HEARD_SECONDS, "留言提示音 / the message prompt")

    async def _everybody_leaves(self, people: dict[str, Person]) -> None:
        for person in reversed(people.values()):
            if person.is_talking:
                await person.hang_up()

    async def _check_way(self, caller: Person) -> None:
        """Led by the flow in force, and what the flow says first was heard."""
        self.failed += self._way.not_led(await self._nodes())
        await caller.until_hung_up()
        self.failed += await asyncio.to_thread(self._way.not_heard, caller)

    # -- what must become true ------------------------------------------------------------------

    async def _registered(self) -> bool:
        contacts = await self.installation.asterisk.command("pjsip show contacts")
        return contacts.count(f"@{PHONES_ADDRESS}:") >= len(self.installation.probe_phones)

    async def _answered(self, began: datetime) -> str | None:
        async with self.database.reading() as session:
            return await session.scalar(
                select(PhoneCall.call_id)
                .where(
                    PhoneCall.called == PROBE, PhoneCall.started_at >= began,
                    PhoneCall.answered_at.is_not(None),
                )
                .order_by(PhoneCall.started_at.desc())
                .limit(1)
            )  # fmt: skip

    async def _led(self) -> str:
        """operator, message (the flow's own end), or nowhere yet."""
        async with self.database.reading() as session:
            if await self._at(session, str(self.call_id), "pair") == 2:
                return "operator"
        nodes = [node for _, node in await self._nodes()]
        return "message" if self._way.ends_without_a_person(nodes) else ""

    async def _nodes(self) -> list[tuple[str, str]]:
        """Version and node, as the caller came by them."""
        async with self.database.reading() as session:
            found = await session.scalars(
                select(FactRow.data)
                .where(FactRow.call_id == self.call_id, FactRow.kind == FlowNodeEntered.kind)
                .order_by(FactRow.number)
            )
            return [(data["flow"], data["node"]) for data in found]

    async def _in_room(self) -> bool:
        async with self.database.reading() as session:
            return await self._at(session, str(self.call_id), "room") == 3

    async def _at(self, session: AsyncSession, call_id: str, place: str) -> int:
        legs = await session.scalars(
            select(Leg).where(Leg.call_id == call_id, Leg.ended_at.is_(None), Leg.place == place)
        )
        return len(list(legs))

    async def _sealed(self) -> Recording | None:
        async with self.database.reading() as session:
            return await session.scalar(
                select(Recording).where(Recording.call_id == self.call_id).limit(1)
            )

    async def _ticket(self) -> bool:
        async with self.database.reading() as session:
            ticket = await session.scalar(select(Ticket).where(Ticket.call_id == self.call_id))
        return ticket is not None and ticket.kind == PROBE

    # -- doing and checking ---------------------------------------------------------------------

    async def _connect(self) -> None:
        settings = self.installation.settings
        command_id = new_id()
        async with self.database.transaction() as session:
            session.add(
                Command(
                    command_id=command_id, idempotency_key=command_id, node=settings.node,
                    call_id=self.call_id, kind="connect", asked_by=PROBE, asked_at=now(),
                    body={"kind": "connect", "unit_id": UNIT}, state="asked",
                )
            )  # fmt: skip
        nudge(self.installation.nudge_path)

    async def _listen(self, people: dict[str, Person]) -> None:
        """Each ear must hold the two other tones."""
        since = time.time()
        await asyncio.sleep(HEARD_SECONDS)
        for role, person in people.items():
            files = person.heard()
            ear = heard_file(files[-1]) if files else None
            spans = [(since + s, since + s + LISTEN_SECONDS) for s in STARTS]
            heard = [who_is_heard(ear, *span) for span in spans] if ear else [set()]
            missing = min((set(people) - {role} - found for found in heard), key=len)
            self.failed += [f"{role} 听不到 / does not hear {other}" for other in sorted(missing)]

    def _check(self, recording: Recording, roles: set[str]) -> None:
        try:
            folder = self.installation.settings.archive / recording.folder
            manifest = check_recording(folder)
        except BackupFailed as wrong:
            self.failed.append(str(wrong))
            return
        if manifest.sha256 != recording.manifest_sha256:
            self.failed.append("录音与登记不符 / the recording is not the one registered")
        missing = roles - {t.role for t in manifest.tracks}
        self.failed += [f"缺音轨 / no track of {role}" for role in sorted(missing)]
        self.failed += [f"录音缺口 / gap: {gap.role}" for gap in manifest.gaps]

    async def _check_chain(self, recording: Recording) -> None:
        async with self.database.reading() as session:
            before = await session.scalar(
                select(Recording).where(Recording.manifest_sha256 == recording.previous)
            )
        if recording.previous and before is None:
            self.failed.append("封存链中断 / the chain of seals is broken")

    async def _until(
        self, condition: Callable[[], Awaitable[Any]], within: float, what: str
    ) -> Any:
        try:
            async with asyncio.timeout(within):
                while not (value := await condition()):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise ProbeFailed(
                f"{within:.0f} 秒内未见 / not within {within:.0f} s: {what}"
            ) from None
        return value


async def run_probe(installation: Installation, ticket_seconds: float = 180.0) -> ProbeDone:
    """One test call of this installation, with a database connection of its own.

    `AlreadyRunning` while another one is under way: both would be the same three people.
    """
    with take_lock(installation.settings.data_dir / "test-call.lock", replace=False):
        async with installation.opened_database() as database:
            return await Probe(installation, database, ticket_seconds).run()
