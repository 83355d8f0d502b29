"""Room telephony: the controller. Reads what Asterisk tells, decides, acts, survives.

    Asterisk's CEL file → facts (journal first) → state → plan → actions over AMI

One inbox a call: whatever concerns a call is handled in order, by one task.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from asyncinotify import Inotify, Mask

from store.base import now
from store.facts import Fact
from telephony import facts as f
from telephony.bridge.plan import plan
from telephony.calls.state import Call
from telephony.carrying_out import Hands
from telephony.cel.file import CelFile
from telephony.ivr.wishes import due
from telephony.orders import Order, Orders
from telephony.queueing.ringing import look_at_ring_back
from telephony.reconcile import Reconciler
from telephony.registry import Registry

log = structlog.get_logger()

# Rules that depend on time (a ring without a trace, a move not seen) are looked at this often.
TICK_SECONDS = 0.5
# What a dialplan does in one breath is several lines of the file: the first is read at once,
# those that follow within this time together, as one transaction of the journal.
GATHER_SECONDS = 0.02
# The file is looked at this often even if the kernel tells of nothing.
LOOK_SECONDS = 2.0
# What Asterisk writes while we read: with more than this left, a piece was not the last one.
NEARLY_ALL_BYTES = 64 * 1024
# Asterisk had no list of its channels for us: it is asked again after so long.
ASK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class _Look:
    """Something changed: look at the call again."""


Letter = _Look | Order


class Controller:
    """Runs the live calls of one node. Create, `await run()`, cancel to stop."""

    def __init__(
        self,
        registry: Registry,
        cel: CelFile,
        hands: Hands,
        orders: Orders,
        reconciler: Reconciler,
        on_call_over: Callable[[Call], None],
    ) -> None:
        self._registry = registry
        self._cel = cel
        self._hands = hands
        self._orders = orders
        self._reconciler = reconciler
        self._on_call_over = on_call_over
        self._inboxes: dict[str, asyncio.Queue[Letter]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._link_is_up = asyncio.Event()
        self.caught_up = asyncio.Event()
        self._mark = registry.mark
        registry.listen(self._happened)

    async def run(self) -> None:
        """Until cancelled. Raises only for what a restart could mend."""
        self._registry.remember()
        await self.read_all()
        self.caught_up.set()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._follow_file(), name="cel")
            tasks.create_task(self._tick(), name="tick")
            tasks.create_task(self._reconcile_when_up(), name="reconcile")
            for call_id in list(self._registry.calls.by_id):
                self._post(call_id, _Look())

    async def read_all(self) -> None:
        """All that Asterisk has written until now, a piece at a time: calls do not wait for it."""
        while self.catch_up() and self._cel.unread(self._mark) > NEARLY_ALL_BYTES:
            await asyncio.sleep(0)
        self.catch_up()

    def catch_up(self) -> bool:
        """Read what Asterisk has written since the last time, a piece of it; whether it had."""
        before = self._mark
        while True:
            events, mark = self._cel.read_from(self._mark)
            if mark == self._mark:
                break
            self._registry.take(events, mark)
            self._mark = mark
            if events:
                break
        self._cel.rotate(self._mark)
        return self._mark != before

    def link_up(self) -> None:
        """The manager link stands (again): look at what Asterisk really has."""
        self._link_is_up.set()

    def give(self, order: Order) -> None:
        """A command of a person; handled in its call's inbox, or in the desk's own."""
        self._post(order.call_id or "", order)

    # -- reading --------------------------------------------------------------------------

    async def _follow_file(self) -> None:
        folder = self._cel.path.parent
        with Inotify() as watch:
            watch.add_watch(folder, Mask.MODIFY | Mask.CREATE | Mask.MOVED_TO)
            while True:
                self.catch_up()
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await watch.get()
                except TimeoutError:
                    continue
                self.catch_up()
                await asyncio.sleep(GATHER_SECONDS)

    async def _reconcile_when_up(self) -> None:
        while True:
            await self._link_is_up.wait()
            self._link_is_up.clear()
            if await self._reconciler.reconcile(self.read_all):
                # What was to be done while there was no link is done now.
                for call in self._registry.open_calls():
                    self._post(call.call_id, _Look())
            elif self._hands.link.is_up:
                await asyncio.sleep(ASK_AGAIN_SECONDS)
                self._link_is_up.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for call in self._registry.open_calls():
                moves = call.move_asked_at or any(leg.sent_away_at for leg in call.live())
                if call.open_requests or moves or call.ring_back or due(call):
                    self._post(call.call_id, _Look())

    # -- inboxes --------------------------------------------------------------------------

    def _happened(self, call_id: str, fact: Fact) -> None:
        if call_id and not isinstance(fact, f.CommandDone | f.CommandRefused | f.CommandUnknown):
            self._post(call_id, _Look())

    def _post(self, call_id: str, letter: Letter) -> None:
        if self._tasks is None:
            return
        inbox = self._inboxes.get(call_id)
        if inbox is None:
            inbox = self._inboxes[call_id] = asyncio.Queue()
            handling = self._handle(call_id, inbox)
            try:
                self._tasks.create_task(handling, name=f"call {call_id or 'desk'}")
            except RuntimeError:  # we are being stopped: the next controller will look
                handling.close()
        inbox.put_nowait(letter)

    async def _handle(self, call_id: str, inbox: asyncio.Queue[Letter]) -> None:
        while True:
            letter = await inbox.get()
            try:
                if isinstance(letter, _Look):
                    if inbox.empty():  # only the newest state matters
                        await self._look(call_id)
                else:
                    await self._orders.carry_out(letter)
            except Exception:
                # The edge of the inbox: one call's failure is that call's alone, and its
                # people go on talking; the dialplan needs nothing from us for that.
                log.exception("inbox_failed", call_id=call_id)
            if self._is_over(call_id) and inbox.empty():
                self._inboxes.pop(call_id, None)
                return

    async def _look(self, call_id: str) -> None:
        call = self._registry.calls.by_id.get(call_id)
        if call is None:
            return
        busy = self._registry.calls.busy_persons(but=call_id)
        for step in plan(call, now(), busy):
            await self._hands.carry_out(call, step)
        await look_at_ring_back(self._hands, call)
        for wish in due(call):
            await self._orders.fulfil(call, wish)
        if call.ended_at is not None:
            self._on_call_over(call)
            self._registry.calls.forget([call_id])

    def _is_over(self, call_id: str) -> bool:
        return bool(call_id) and call_id not in self._registry.calls.by_id
