"""Room hotline: wires one node's controller: link, journal, forwarder, commands, sealing."""

import asyncio
import os
import socket
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select

from casework.duty.ladder import UnknownUnit, ladder, unit_kind
from hotline.health import Heartbeat
from hotline.installation import Installation
from hotline.projection import project
from hotline.sealing import Sealer
from store.database import Database, DatabaseAway
from store.forwarder import Forwarder
from store.node_journal import NodeJournal
from telephony.ami.link import AmiLink
from telephony.bridge.ask import DutyPerson, Ladder
from telephony.carrying_out import Hands
from telephony.cel.file import CelFile
from telephony.controller import Controller
from telephony.orders import Order, Orders
from telephony.reconcile import Reconciler
from telephony.registry import Registry
from telephony.roles import Role
from telephony.tables import Command

log = structlog.get_logger()

POLL_SECONDS = 0.5
JOURNAL_KEPT = timedelta(days=30)
PRUNE_SECONDS, DAY_SECONDS = 60.0, 86_400.0
ROLE_OF_KIND = {"petition": Role.PETITION}


class ControllerPart:
    """Everything that runs beside one Asterisk."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        settings = installation.settings
        self.database: Database = installation.open_database()
        self.journal: NodeJournal = installation.open_journal()
        self.registry = Registry(self.journal, settings.node)
        self.link = AmiLink(
            installation.ami, on_event=lambda _: None, on_up=self._link_up, on_down=self._link_down
        )
        hands = Hands(self.link, self.registry, installation.dialling)
        self._sealer = Sealer(self.registry, installation.folder.recordings, settings.archive)
        self.controller = Controller(
            self.registry,
            CelFile(installation.folder.cel_file),
            hands,
            Orders(self.registry, self.link, hands, self._find_ladder),
            Reconciler(self.link, self.registry),
            self._sealer.call_over,
        )
        self.forwarder = Forwarder(self.journal, self.database, project)
        self._link_since: datetime | None = None

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.controller.run(), name="controller")
                tasks.create_task(self.link.run(), name="ami")
                tasks.create_task(self.forwarder.run(), name="forwarder")
                tasks.create_task(self._sealer.run(), name="sealer")
                tasks.create_task(self._take_commands(), name="commands")
                tasks.create_task(self._prune(), name="prune")
                heartbeat = Heartbeat(self.database, "controller", self._installation.settings.node)
                tasks.create_task(heartbeat.run(self._state), name="heartbeat")
        finally:
            await self.database.close()
            self.journal.close()

    async def _prune(self) -> None:
        """Keep the node's journal small: what main has had for long goes, a piece a minute."""
        while True:
            dropped = self.journal.prune(datetime.now(UTC) - JOURNAL_KEPT)
            await asyncio.sleep(PRUNE_SECONDS if dropped else DAY_SECONDS)

    def _link_up(self) -> None:
        self._link_since = datetime.now(UTC)
        self.controller.link_up()

    def _link_down(self) -> None:
        self._link_since = None
        log.warning("ami_down")

    def _state(self) -> dict[str, object]:
        return {
            "ami": self._link_since is not None,
            "asterisk": self._installation.asterisk.is_running,
            "unforwarded": self.journal.newest - self.journal.forwarded,
            "live_calls": len(self.registry.open_calls()),
            "projections_given_up": self.forwarder.health().gave_up,
        }

    async def _find_ladder(self, unit_id: str) -> Ladder | None:
        async with self.database.reading() as session:
            try:
                persons = await ladder(session, unit_id, datetime.now(UTC))
                kind = await unit_kind(session, unit_id)
            except UnknownUnit:
                return None
        return Ladder(
            unit_id,
            ROLE_OF_KIND.get(kind, Role.LIAISON),
            tuple(DutyPerson(p.person_id, p.number, p.ring_seconds) for p in persons),
        )

    async def _take_commands(self) -> None:
        """Rows become orders; the socket only says that looking now is worth it."""
        with _nudge_socket(self._installation.nudge_path) as nudged:
            loop = asyncio.get_running_loop()
            while True:
                try:
                    await self._give_asked()
                except DatabaseAway:
                    log.warning("commands_wait", reason="database away")
                try:
                    async with asyncio.timeout(POLL_SECONDS):
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


def _nudge_socket(path: os.PathLike[str]) -> socket.socket:
    """A datagram socket in the data folder; whoever may write there may nudge."""
    nudged = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    place = os.fspath(path)
    if os.path.exists(place):  # noqa: PTH110
        os.unlink(place)  # noqa: PTH108 - the socket of a controller that was killed
    nudged.bind(place)
    nudged.setblocking(False)
    return nudged


def nudge(path: os.PathLike[str]) -> None:
    """Wake the controller; silently nothing where none listens (it will look by itself)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(b"!", os.fspath(path))
        except OSError:
            log.debug("no_controller_to_nudge")
