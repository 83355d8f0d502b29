"""Room hotline: wires one node's controller: link, journal, forwarder, commands, sealing."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import select

from casework.duty.ladder import UnknownUnit, find_unit, with_fallbacks
from hotline.answers import answers_from
from hotline.health.figures import figures
from hotline.health.heartbeat import Heartbeat
from hotline.health.in_doubt import answer_in_doubt
from hotline.health.keeping import DiskKeeper
from hotline.installation import Installation
from hotline.nudging import nudge_socket
from hotline.offers import Offers
from hotline.probe import people as probe
from hotline.projection import project
from hotline.ringing_back import rules_of
from hotline.sealing import Sealer
from store.database import Database, DatabaseAway
from store.forwarder import Forwarder
from store.node_journal import NodeJournal
from telephony.ami.link import AmiLink
from telephony.asterisk.logs import keep_logs_short
from telephony.asterisk.memory import keep_memory_small
from telephony.bridge.ask import DutyPerson, Ladder
from telephony.bridge.words import Words
from telephony.calls.state import Call
from telephony.carrying_out import Hands
from telephony.cel.file import CelFile
from telephony.controller import Controller
from telephony.ivr.questions import Questions
from telephony.numbers import dialled
from telephony.orders import Order, Orders
from telephony.reconcile import Reconciler
from telephony.registry import Registry
from telephony.roles import Role
from telephony.sound import Sound
from telephony.tables import Command
from telephony.trunks.overhearing import Overhearing, listen
from telephony.trunks.watching import TrunkWatch

log = structlog.get_logger()

# Commands come with a nudge; these are for a nudge that was lost, and for commands written by
# an interface on another machine, which cannot nudge and shares a PostgreSQL with us.
POLL_SECONDS, POLL_SHARED_SECONDS = 5.0, 0.5
JOURNAL_KEPT = timedelta(days=30)
PRUNE_SECONDS, DAY_SECONDS = 60.0, 86_400.0
ROLE_OF_KIND = {
    "petition": Role.PETITION, "emergency": Role.EMERGENCY, "leader": Role.LEADER,
}  # fmt: skip
PROBE_LADDER = Ladder(
    probe.UNIT, Role.LIAISON, (DutyPerson("probe-liaison", probe.LIAISON, 10),)
)  # fmt: skip


class ControllerPart:
    """Everything that runs beside one Asterisk."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        settings = installation.settings
        self._reserve = installation.reserve
        # Before anything is written: the controller before this one may have ended for want of it.
        self._reserve.look()
        self.database: Database = installation.open_database()
        self.journal: NodeJournal = self._open_journal()
        self.registry = Registry(self.journal, settings.node, settings.area_code)
        self.link = AmiLink(
            installation.ami, on_event=lambda _: None, on_up=self._link_up, on_down=self._link_down
        )
        self.trunks = TrunkWatch(
            self.link, self.registry, installation.trunks, installation.asterisk.command
        )
        folder = installation.folder
        self._words = Words(
            folder.recordings, folder.spool / "words", f"{folder.inside}/spool/words",
            folder.program.user,
        )  # fmt: skip
        self._words.forget_all_but(self.journal.open_calls())
        hands = Hands(
            self.link, self.registry, installation.dialling, self.trunks.states, self._words
        )
        self._sealer = Sealer(self.registry, installation.folder.recordings, settings.archive)
        self._cel = CelFile(installation.folder.cel_file, round(settings.event_file_mb * 1_000_000))
        self.controller = Controller(
            self.registry,
            self._cel,
            hands,
            Orders(self.registry, self.link, hands, self._find_ladder),
            Reconciler(self.link, self.registry),
            self._call_over,
        )
        self._offers = Offers(self.database, hands)
        self._ringbacks = rules_of(settings)
        self.forwarder = Forwarder(
            self.journal, self.database, partial(project, rules=self._ringbacks)
        )
        self._sound = Sound(self.link, self.registry)
        self._disk = DiskKeeper(self._reserve, self.registry, self._sound, self.controller.link_up)
        self._questions = Questions(settings.agi_port, answers_from(self.database))
        self._link_since: datetime | None = None

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.controller.run(), name="controller")
                tasks.create_task(self._disk.run(), name="disk")
                tasks.create_task(self.link.run(), name="ami")
                tasks.create_task(self.forwarder.run(), name="forwarder")
                tasks.create_task(self._seal(), name="sealer")
                tasks.create_task(answer_in_doubt(self.registry, self.database), name="in doubt")
                tasks.create_task(self._take_commands(), name="commands")
                tasks.create_task(self._prune(), name="prune")
                tasks.create_task(keep_logs_short(self._installation.asterisk), name="logs")
                tasks.create_task(keep_memory_small(self._installation.asterisk), name="memory")
                tasks.create_task(self._offers.run(), name="offers")
                tasks.create_task(self._questions.run(), name="questions")
                tasks.create_task(self.trunks.run(), name="trunks")
                tasks.create_task(self._overhear(), name="overhearing")
                heartbeat = Heartbeat(
                    self.database, "controller", self.registry.node, self.forwarder.aside
                )
                tasks.create_task(heartbeat.run(self._state), name="heartbeat")
        finally:
            await self.database.close()
            self.journal.close()

    async def _seal(self) -> None:
        # A call whose lines are not read yet is not one of which there are none.
        await self.controller.caught_up.wait()
        await self._sealer.run()

    async def _overhear(self) -> None:
        trunks = self._installation.trunks
        # A line that registers sends from where it was registered, if from anywhere we know.
        heard = Overhearing(trunks, lambda trunk: trunk.matches or (trunk.host,))
        await listen(self._installation.settings.ami_port, heard, self.trunks.not_taken)

    def _call_over(self, call: Call) -> None:
        self._words.forget(call.call_id)
        self._sealer.call_over(call)

    async def _prune(self) -> None:
        """Keep the node's journal small: what main has had for long goes, a piece a minute."""
        while True:
            dropped = self.journal.prune(datetime.now(UTC) - JOURNAL_KEPT)
            await asyncio.sleep(PRUNE_SECONDS if dropped else DAY_SECONDS)

    def _open_journal(self) -> NodeJournal:
        journal = self._installation.open_journal()
        journal.reserve = self._reserve
        return journal

    def _link_up(self) -> None:
        self._link_since = datetime.now(UTC)
        self._sound.link_up()
        self.controller.link_up()

    def _link_down(self) -> None:
        self._link_since = None
        log.warning("ami_down")

    def _state(self) -> dict[str, object]:
        return {
            "ami": self._link_since is not None,
            "asterisk": self._installation.asterisk.is_running,
            "unforwarded": self.journal.newest - self.journal.forwarded,
            "trunks": self.trunks.health(),
            "live_calls": len(self.registry.open_calls()),
            "projections_given_up": self.forwarder.health().gave_up,
            **figures(self._installation, self.registry, self._cel, self.forwarder),
            "disk_reserve": self._reserve.level,
            "disk_reserve_missing_bytes": self._reserve.missing_bytes,
            "ami_connections": self.link.counters.connections,
            "ami_late_replies": self.link.counters.late_replies,
        }

    async def _find_ladder(self, unit_id: str) -> Ladder | None:
        if unit_id == probe.UNIT:
            return PROBE_LADDER
        async with self.database.reading() as session:
            try:
                unit = await find_unit(session, unit_id)
            except UnknownUnit:
                return None
            persons = await with_fallbacks(session, unit, datetime.now(UTC))
        area_code = self._installation.settings.area_code
        return Ladder(
            unit.unit_id,
            ROLE_OF_KIND.get(unit.kind, Role.LIAISON),
            tuple(
                DutyPerson(p.person_id, dialled(p.number, area_code), p.ring_seconds, p.unit_id)
                for p in persons
            ),
        )

    async def _take_commands(self) -> None:
        """Rows become orders; the socket only says that looking now is worth it."""
        with nudge_socket(self._installation.nudge_path) as nudged:
            loop = asyncio.get_running_loop()
            poll = POLL_SECONDS if self.database.is_sqlite else POLL_SHARED_SECONDS
            while True:
                try:
                    await self._give_asked()
                except DatabaseAway:
                    log.warning("commands_wait", reason="database away")
                try:
                    async with asyncio.timeout(poll):
                        await loop.sock_recv(nudged, 16)
                except TimeoutError:
                    pass

    async def _give_asked(self) -> None:
        async with self.database.reading() as session:
            rows = await session.scalars(
                select(Command)
                .where(Command.node == self._installation.settings.node, Command.state == "asked")
                .order_by(Command.asked_at)
            )
            orders = [Order(r.command_id, r.call_id, r.asked_by, r.body) for r in rows]
        for order in orders:
            self.controller.give(order)
