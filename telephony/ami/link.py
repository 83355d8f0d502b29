"""Room telephony/ami: the link to one Asterisk's manager; the only file that knows panoramisk.

panoramisk connects and spells the actions. What it does not do is done here:
answers with a deadline, nothing sent twice, a link that is watched, events in
order, and a handler that can never take the link down.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final

import structlog
from panoramisk.actions import Action as WireAction
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from telephony.ami.actions import Action, Fields, Ping, checked
from telephony.ami.messages import Accepted, MessageBuffer, Outcome, RawEvent, Refused, Unknown

log = structlog.get_logger(__name__)

NO_LINK: Final = "no link to Asterisk"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
# Errors that only say that there is nothing to list.
_EMPTY: Final = ("No active conferences", "No such conference", "No Conference by that name found")


@dataclass(frozen=True)
class AmiAddress:
    """Where the manager listens and who we are."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)


@dataclass
class LinkCounters:
    """What happened on the link since the start, for the health page."""

    events: int = 0
    handler_errors: int = 0
    late_replies: int = 0
    connections: int = 0
    refused_logins: int = 0


class _Waiting:
    """An action on its way: its reply, and for a list what came so far."""

    def __init__(self, *, is_list: bool) -> None:
        self.is_list = is_list
        self.items: list[RawEvent] = []
        self.done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def settle(self, outcome: Outcome) -> None:
        if not self.done.done():
            self.done.set_result(outcome)


class _Protocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol, reading whole messages from bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.buffer = MessageBuffer()
        # The manager is set once connecting is over; what came before waits.
        self.early: list[dict[str, str]] = []

    def connection_lost(self, exc: Exception | None) -> None:
        # Lost before the manager was set: it sees the closed transport by itself.
        if self.factory is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        try:
            messages = self.buffer.feed(data)
        except BufferError:
            log.exception("ami_message_too_long")
            self.transport.abort()
            return
        if self.factory is None:
            self.early += messages
            return
        for headers in messages:
            self.factory.take(headers)


class _Connection(Manager):  # type: ignore[misc]
    """One connection's life; never connects again and never sends again."""

    def __init__(self, address: AmiAddress, take: Callable[[dict[str, str]], None]) -> None:
        super().__init__(
            host=address.host, port=address.port, protocol_factory=_Protocol,
            loop=asyncio.get_running_loop(), ping_delay=10**6,
        )  # fmt: skip
        self.take = take
        self.ready = asyncio.Event()
        self.lost = asyncio.Event()

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        if f.cancelled() or f.exception() is not None:
            return
        super().connection_made(f)
        if self.pinger is not None:
            self.pinger.cancel()
        if self.protocol.transport.is_closing():
            self.lost.set()
        for headers in self.protocol.early:
            self.take(headers)
        self.ready.set()

    def connection_lost(self, exc: object) -> None:
        self.lost.set()

    def write(self, fields: Fields) -> None:
        # Not panoramisk's send(): it keeps what is unanswered and sends it again.
        self.protocol.transport.write(str(WireAction(fields)).encode("ascii"))

    def drop(self) -> None:
        """Away at once, also when the other side no longer listens."""
        self.lost.set()
        if self.protocol is not None:
            self.protocol.transport.abort()
            self.close()


class AmiLink:
    """The link. Give `run()` to a TaskGroup; it connects again by itself until cancelled."""

    def __init__(
        self,
        address: AmiAddress,
        on_event: Callable[[RawEvent], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        *,
        deadline: float = 2.0,
        probe_every: float = 2.0,
    ) -> None:
        self.counters = LinkCounters()
        self._address = address
        self._on_event, self._on_up, self._on_down = on_event, on_up, on_down
        self._deadline, self._probe_every = deadline, probe_every
        self._connection: _Connection | None = None
        self._waiting: dict[str, _Waiting] = {}
        # Not to be guessed: what a caller calls himself is written on this link too.
        self._secret = token_hex(8)
        self._number = 0
        self._is_up = False
        # Events that came with the login's answer: nobody may see them before `on_up`.
        self._held: list[RawEvent] = []

    @property
    def is_up(self) -> bool:
        """Signed in and answering."""
        return self._is_up

    async def run(self) -> None:
        """Connect, sign in, watch; again with growing pauses when that ends."""
        pause = _FIRST_PAUSE
        while True:
            if await self._live_once():
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def send(self, action: Action, deadline: float | None = None) -> Outcome:
        """Ask once. ValueError, and nothing sent, for a value that could break out of its line."""
        fields = checked(action.fields())
        if not self._is_up:
            return Refused(NO_LINK)
        return await self._ask(fields, deadline, _Waiting(is_list=False))

    async def listing(
        self, action: Action, deadline: float | None = None
    ) -> list[RawEvent] | Refused | Unknown:
        """All items of a list action; a list cut short by the deadline is Unknown."""
        fields = checked(action.fields())
        if not self._is_up:
            return Refused(NO_LINK)
        waiting = _Waiting(is_list=True)
        outcome = await self._ask(fields, deadline, waiting)
        if isinstance(outcome, Refused) and outcome.reason.startswith(_EMPTY):
            return []
        return waiting.items if isinstance(outcome, Accepted) else outcome

    async def _ask(self, fields: Fields, deadline: float | None, waiting: _Waiting) -> Outcome:
        connection = self._connection
        if connection is None or connection.lost.is_set():
            return Refused(NO_LINK)
        self._number += 1
        action_id = f"h{self._secret}-{self._number}"
        self._waiting[action_id] = waiting
        seconds = self._deadline if deadline is None else deadline
        try:
            connection.write({**fields, "ActionID": action_id})
            async with asyncio.timeout(seconds):
                return await waiting.done
        except TimeoutError:
            return Unknown(f"no answer within {seconds:g} s")
        finally:
            self._waiting.pop(action_id, None)

    async def _live_once(self) -> bool:
        """One connection from its start to its end; True if it was ever up."""
        connection = _Connection(self._address, self._take)
        self._held.clear()
        was_up = False
        try:
            if await self._connect(connection) and await self._sign_in(connection):
                was_up = True
                await self._stay(connection)
        finally:
            connection.drop()
            self._connection = None
            for waiting in list(self._waiting.values()):
                waiting.settle(Unknown("the link broke before an answer came"))
            if self._is_up:
                self._is_up = False
                log.warning("ami_down", host=self._address.host, port=self._address.port)
                self._tell(self._on_down)
        return was_up

    async def _connect(self, connection: _Connection) -> bool:
        try:
            async with asyncio.timeout(self._deadline):
                await connection.connect()
        except (OSError, TimeoutError) as problem:
            log.info("ami_unreachable", host=self._address.host, port=self._address.port,
                     problem=type(problem).__name__)  # fmt: skip
            return False
        # panoramisk takes the protocol over in a callback of its own.
        await connection.ready.wait()
        self._connection = connection
        self.counters.connections += 1
        return True

    async def _sign_in(self, connection: _Connection) -> bool:
        login = checked({
            "Action": "Login", "Username": self._address.username, "Secret": self._address.secret
        })  # fmt: skip
        outcome = await self._until_lost(connection, login)
        if isinstance(outcome, Refused):
            self.counters.refused_logins += 1
            log.error("ami_login_refused", user=self._address.username, reason=outcome.reason)
        elif isinstance(outcome, Unknown):
            log.warning("ami_login_unanswered", reason=outcome.reason)
        return isinstance(outcome, Accepted)

    async def _stay(self, connection: _Connection) -> None:
        self._is_up = True
        log.info("ami_up", host=self._address.host, port=self._address.port)
        self._tell(self._on_up)
        for event in self._held:
            self._tell(self._on_event, event)
        self._held.clear()
        while not connection.lost.is_set():
            outcome = await self._until_lost(connection, Ping().fields())
            if not isinstance(outcome, Accepted):
                log.warning("ami_probe_failed", reason=outcome.reason)
                return
            try:
                async with asyncio.timeout(self._probe_every):
                    await connection.lost.wait()
            except TimeoutError:
                continue

    async def _until_lost(self, connection: _Connection, fields: Fields) -> Outcome:
        """Ask, but do not sit out the deadline on a connection that is gone."""
        waiting = _Waiting(is_list=False)
        watch = asyncio.create_task(connection.lost.wait(), name="ami-lost")
        watch.add_done_callback(lambda _: waiting.settle(Unknown("the link broke")))
        try:
            return await self._ask(fields, None, waiting)
        finally:
            watch.cancel()

    def _take(self, headers: dict[str, str]) -> None:
        """Every message, in the order of arrival."""
        waiting = self._waiting.get(headers.get("ActionID", ""))
        if "Event" in headers:
            event = RawEvent(headers["Event"], headers)
            # OriginateResponse carries the id of an action that was answered long ago.
            if waiting is not None and waiting.is_list:
                _collect(waiting, event)
            else:
                self.counters.events += 1
                if self._is_up:
                    self._tell(self._on_event, event)
                else:
                    self._held.append(event)
        elif "Response" in headers:
            if waiting is None:
                self.counters.late_replies += 1
            else:
                _answer(waiting, headers)

    def _tell(self, listener: Callable[..., None], *about: RawEvent) -> None:
        try:
            listener(*about)
        except Exception:
            # The edge of the link: a handler's mistake must not cost the city its link.
            self.counters.handler_errors += 1
            log.exception("ami_handler_failed", about=[event.name for event in about])


def _answer(waiting: _Waiting, headers: Mapping[str, str]) -> None:
    if headers["Response"] not in ("Success", "Goodbye"):
        waiting.settle(Refused(headers.get("Message", headers["Response"])))
    elif not waiting.is_list:
        waiting.settle(Accepted(headers))
    elif headers.get("EventList", "").lower() != "start":
        # A list action that answers without a list has nothing to list.
        waiting.settle(Accepted(headers))


def _collect(waiting: _Waiting, event: RawEvent) -> None:
    end = event.get("EventList").lower()
    if end == "complete":
        waiting.settle(Accepted(event.headers))
    elif end == "cancelled":
        waiting.settle(Unknown("Asterisk broke the list off"))
    else:
        waiting.items.append(event)
