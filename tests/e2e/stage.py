"""A whole hotline and a whole city on ports of their own, for one test."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import soundfile
from sqlalchemy import select

from casework.duty.roster import import_roster, read_roster
from casework.tickets.tables import Ticket
from hotline.controller_part import ControllerPart
from hotline.installation import Installation
from hotline.nudging import nudge
from hotline.owed.ledger import TICKET
from hotline.run import environment_of
from hotline.set_up import migrate, prepare
from hotline.settings import ROOT, Settings
from hotline.work.stages import open_call_ticket
from hotline.work.worker import Worker
from recording.manifest import Manifest, read_manifest
from simulator.carrier import CARRIER_ADDRESS, Carrier, HotlineAddress
from simulator.city import City
from simulator.ears import Sound, heard_file, track_file
from simulator.person import Person
from store import journal
from store.base import new_id, now
from store.database import Database, DatabaseAway
from store.journal import JournalRow
from telephony.asterisk.ports import free_port, free_range
from telephony.tables import Command, Connect, Leg, PhoneCall

# Of each Asterisk's log, after a failure.
LOUD_LINES = 12


# Most conditions read the database: looked at more often, looking is what keeps a processor busy.
LOOK_SECONDS = 0.05


async def until(
    condition: Callable[[], Any], within: float = 20.0, what: str = "", look: float = LOOK_SECONDS
) -> Any:
    """The condition's first true value; fails with `what` when the time is up."""
    try:
        async with asyncio.timeout(within):
            while True:
                value = condition()
                if isinstance(value, Awaitable):
                    value = await value
                if value:
                    return value
                await asyncio.sleep(look)
    except TimeoutError:
        raise AssertionError(f"not within {within} s: {what or condition}") from None


@dataclass
class SeenCall:
    """A call as the main database tells it."""

    row: PhoneCall
    legs: list[Leg]
    connects: list[Connect]

    @property
    def call_id(self) -> str:
        return self.row.call_id

    def at(self, place: str) -> set[str]:
        """Roles of the live legs at a place."""
        return {leg.role for leg in self.legs if leg.ended_at is None and leg.place == place}

    def leg(self, role: str) -> Leg:
        found = [leg for leg in self.legs if leg.role == role and leg.answered_at is not None]
        assert found, f"no {role} in {self.call_id}"
        return found[-1]


class Stage:
    """What tests touch: the city, commands, and what the database says."""

    def __init__(self, installation: Installation, carrier: Carrier) -> None:
        self.installation = installation
        self.settings = installation.settings
        self.carrier = carrier
        self.city = City(carrier)
        self.pbx = installation.asterisk
        self.database: Database = installation.open_database()
        self.controller_task: asyncio.Task[None] | None = None
        self.part: ControllerPart | None = None
        self.process: asyncio.subprocess.Process | None = None

    # -- the controller ---------------------------------------------------------------------

    async def start_controller(self) -> None:
        """In this process: fast, and its state can be looked at."""
        self.part = ControllerPart(self.installation)
        self.controller_task = asyncio.create_task(self.part.run(), name="controller")
        await until(lambda: self.part and self.part.link.is_up, 30, "controller up")

    async def stop(self) -> None:
        """The controller, in whatever way it was started, and then the PBX."""
        await self.stop_controller()
        if self.process is not None:
            await self.kill_controller()
        await self.installation.asterisk.stop()

    async def stop_controller(self) -> None:
        if self.controller_task is not None:
            self.controller_task.cancel()
            await asyncio.gather(self.controller_task, return_exceptions=True)
            self.controller_task = self.part = None

    async def start_controller_process(self, wait: bool = True) -> None:
        """As a process of its own, which can be killed."""
        seen = len(await self.facts("controller_started"))
        environment = {**os.environ, **environment_of(self.settings)}
        log = (self.settings.data_dir / "controller.log").open("ab")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hotline", "part", "controller", env=environment, cwd=ROOT,
            stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        if wait:
            await until(lambda: self._has_more("controller_started", seen), 60, "controller up")

    async def _has_more(self, kind: str, seen: int) -> bool:
        return len(await self.facts(kind)) > seen

    async def kill_controller(self) -> None:
        """kill -9."""
        assert self.process is not None
        with suppress(ProcessLookupError):  # it has ended by itself, which a test will say
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        self.process = None

    # -- asking -----------------------------------------------------------------------------

    async def ask(self, call_id: str | None, **body: Any) -> Command:
        """Write a command and return it once it is done, refused or unknown."""
        command_id = await self.send(call_id, **body)

        async def answered() -> Command | None:
            async with self.database.reading() as session:
                command = await session.get_one(Command, command_id)
            return command if command.state not in ("asked", "doing") else None

        found = await until(answered, 30, f"answer to {body}")
        assert isinstance(found, Command)
        return found

    async def send(self, call_id: str | None, **body: Any) -> str:
        """Write a command; its id."""
        command_id = new_id()
        async with self.database.transaction() as session:
            session.add(
                Command(
                    command_id=command_id, idempotency_key=command_id, node=self.settings.node,
                    call_id=call_id, kind=body["kind"], body=body, asked_by="test",
                    asked_at=now(), state="asked",
                )
            )  # fmt: skip
        nudge(self.installation.nudge_path)
        return command_id

    async def sign_in(self, *extensions: str) -> None:
        for extension in extensions or ("1001",):
            command = await self.ask(
                None, kind="sign_in", operator_id=f"op-{extension}", extension=extension
            )
            assert command.state == "done", command.reason

    # -- looking ----------------------------------------------------------------------------

    async def calls(self) -> list[SeenCall]:
        async with self.database.reading() as session:
            rows = list(await session.scalars(select(PhoneCall).order_by(PhoneCall.started_at)))
            legs = list(await session.scalars(select(Leg).order_by(Leg.started_at)))
            connects = list(await session.scalars(select(Connect)))
        return [
            SeenCall(
                row,
                [leg for leg in legs if leg.call_id == row.call_id],
                [c for c in connects if c.call_id == row.call_id],
            )
            for row in rows
        ]

    async def call(self, number: int = 0) -> SeenCall:
        """The n-th call, once there is one."""

        async def found() -> SeenCall | None:
            with suppress(DatabaseAway):
                calls = await self.calls()
                return calls[number] if len(calls) > number else None
            return None

        seen = await until(found, 20, f"call {number}")
        assert isinstance(seen, SeenCall)
        return seen

    async def until_call(
        self, condition: Callable[[SeenCall], Any], within: float = 30, number: int = 0,
        what: str = "",
    ) -> SeenCall:  # fmt: skip
        """The call, once the condition holds for it."""

        async def holds() -> SeenCall | None:
            call = await self.call(number)
            return call if condition(call) else None

        seen = await until(holds, within, what)
        assert isinstance(seen, SeenCall)
        return seen

    async def until_at(self, place: str, *roles: str, within: float = 30) -> SeenCall:
        """The call, once exactly these roles are at a place."""
        return await self.until_call(
            lambda call: call.at(place) == set(roles), within, what=f"{roles} at {place}"
        )

    async def facts(self, kind: str = "") -> list[JournalRow]:
        async with self.database.reading() as session:
            return await journal.after(session, 0, 5000, kinds=[kind] if kind else None)

    async def story(self) -> str:
        """Everything that happened: time | fact | about."""
        rows = await self.facts()
        return "\n".join(
            f"{row.at:%H:%M:%S.%f} | {row.kind} | "
            + " ".join(str(row.data[k]) for k in _TOLD if row.data.get(k) is not None)
            for row in rows
        )

    async def sealed(self, number: int = 0, within: float = 30) -> tuple[Path, Manifest]:
        """The sealed recording of the n-th call."""
        call = await self.call(number)

        async def there() -> Path | None:
            rows = await self.facts("recording_sealed")
            mine = [row for row in rows if row.call_id == call.call_id]
            return self.settings.archive / mine[0].data["folder"] if mine else None

        folder = await until(there, within, "the recording sealed")
        return folder, read_manifest(folder)

    async def told(self) -> str:
        """What somebody who looks for the cause of a failure asks for first."""
        parts = [f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"]
        try:
            async with asyncio.timeout(5):
                parts.append(await self.story())
        except Exception as away:  # the database may be what the test has taken away
            parts.append(f"no story: {away!r}")
        for who, folder in (("hotline", self.installation.folder), ("city", self.carrier.folder)):
            with suppress(OSError):
                lines = (folder.log / "messages").read_text("utf-8", "replace").splitlines()
                loud = [line for line in lines if " WARNING[" in line or " ERROR[" in line]
                parts += [f"{who}: {line}" for line in loud[-LOUD_LINES:]]
        return "\n".join(parts)

    async def tracks(self, number: int = 0) -> dict[str, Sound]:
        """Role → what that person said, on the clock."""
        folder, manifest = await self.sealed(number)
        start = manifest.clock_start.timestamp()
        return {
            t.role: track_file(folder / t.file, start + t.offset_ms / 1000) for t in manifest.tracks
        }

    async def until_heard(self, person: Person, moment: float) -> None:
        """Wait until the recording of what this person hears reaches an epoch second.

        Asterisk writes in blocks of two seconds: a file trails what was heard.
        """

        def reached() -> bool:
            files = person.heard()
            return bool(files) and heard_file(files[-1]).ends_at >= moment

        await until(reached, 30, f"{person.number} hears up to {moment}")

    async def until_tickets(self, count: int, within: float = 40) -> list[Ticket]:
        async def enough() -> list[Ticket] | None:
            tickets = await self.tickets()
            return tickets if len(tickets) >= count else None

        found = await until(enough, within, f"{count} tickets")
        return list(found)

    async def tickets(self) -> list[Ticket]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(Ticket).order_by(Ticket.number)))

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[None]:
        """The worker that opens tickets (without speech; that is tested on its own)."""
        from hotline.owed.ledger import TRANSCRIBE, finish, owe

        async def no_speech(database: Database, work: Any) -> None:
            async with database.transaction() as session:
                await owe(session, work.call_id, TICKET, again=True)
                await finish(session, work)

        worker = Worker(
            "desk", self.settings.node, self.settings.database_url,
            self.settings.data_dir / "queue.sqlite",
            {TRANSCRIBE: no_speech, TICKET: open_call_ticket},
        )  # fmt: skip
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


_TOLD = (
    "leg_id", "role", "place", "cause", "request_id", "rung", "outcome", "how", "mode", "reason",
    "unit_id", "command", "line_broke",
)  # fmt: skip


@asynccontextmanager
async def given_stage(
    *,
    controller: str = "inside",
    database: str = "",
    keys: str = "rfc4733",
    notice: str = "short",
    base: Path | None = None,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """A running PBX and city; `controller`: inside | process | none.

    `notice`: short | whole. Most stories begin behind it, and hear of it, and of what is said
    before a message, one second each.
    `base`: the folder of it all, which goes with the stage; by default a new one.
    """
    base = base or Path(tempfile.mkdtemp(prefix="hotline-test-"))
    first, last = settings.pop("rtp", None) or free_range("127.0.0.1")
    chosen = Settings(
        data_dir=base / "data", sip_port=free_port("127.0.0.1"), rtp_first=first, rtp_last=last,
        ami_port=free_port("127.0.0.1", socket.SOCK_STREAM),
        agi_port=free_port("127.0.0.1", socket.SOCK_STREAM), trunk_host=CARRIER_ADDRESS,
        trunk_port=settings.pop("trunk_port", None) or free_port(CARRIER_ADDRESS),
        database=database, **settings,
    )  # fmt: skip
    installation = Installation(chosen)
    if not database:
        await asyncio.to_thread(_lay_tables, installation)
    await prepare(installation)
    if notice == "short":
        _shorten(installation, "notice", "message")
    hotline = HotlineAddress(chosen.sip_address, chosen.sip_port, chosen.number)
    carrier = Carrier(
        installation.folder.program, base / "city", hotline, installation.phones,
        port=chosen.trunk_port, keys=keys,
    )  # fmt: skip
    stage = Stage(installation, carrier)
    try:
        installation.asterisk.start()
        async with carrier:
            await installation.asterisk.ready()
            # A phone whose first try came before the hotline listened tries again a second later.
            await carrier.node.command("pjsip send register *all")
            async with stage.database.transaction() as session:
                roster = read_roster((ROOT / "simulator/roster.yaml").read_text("utf-8"))
                await import_roster(session, roster, by="test")
            await stage.city.phones_registered(installation.asterisk, len(chosen.phones))
            if controller == "inside":
                await stage.start_controller()
            elif controller == "process":
                await stage.start_controller_process()
            try:
                yield stage
            except Exception as wrong:
                wrong.add_note(await stage.told())
                raise
            finally:
                await asyncio.gather(stage.stop(), carrier.node.stop())
    finally:
        await stage.stop()
        await stage.database.close()
        if not os.environ.get("KEEP_STAGE"):
            shutil.rmtree(base, ignore_errors=True)


@cache
def _tables() -> bytes:
    """An empty SQLite database with this version's tables: made once, as every set-up makes it."""
    with tempfile.TemporaryDirectory(prefix="hotline-tables-") as folder:
        made = Installation(Settings(data_dir=Path(folder), database=""))
        asyncio.run(migrate(made))
        with closing(sqlite3.connect(made.settings.data_dir / "hotline.sqlite")) as connection:
            return connection.serialize()


def _lay_tables(installation: Installation) -> None:
    installation.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    (installation.settings.data_dir / "hotline.sqlite").write_bytes(_tables())


def _shorten(installation: Installation, *prompts: str) -> None:
    for prompt in prompts:
        place = installation.folder.sounds / "zh" / f"{prompt}.wav"
        sound, rate = soundfile.read(place, dtype="int16")
        place.unlink()  # it may be another name of the repository's own file
        soundfile.write(place, sound[:rate], rate)
        os.chown(place, *installation.folder.program.user)


def no_secrets(text: str) -> bool:
    """Whether a log shows no whole mobile number."""
    return re.search(r"\b1[3-9][0-9]{9}\b", text) is None
