"""A scripted manager: an asyncio server that plays one step after the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from telephony.ami.link import AmiAddress, AmiLink
from telephony.ami.messages import RawEvent

Script = Callable[["Talk"], Awaitable[None]]


class Talk:
    """One connection, seen from Asterisk's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> dict[str, str]:
        """The next action."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        return dict(line.split(": ", 1) for line in text.split("\r\n") if ": " in line)

    async def say(self, *lines: str) -> None:
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self.writer.drain()

    async def answer(self, action: dict[str, str], *lines: str) -> None:
        await self.say(*(lines or ("Response: Success",)), f"ActionID: {action['ActionID']}")

    async def let_in(self) -> None:
        """Greeting, login, first probe."""
        self.writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        await self.answer(await self.hear())
        await self.answer(await self.hear())

    async def hear_but_pings(self) -> dict[str, str]:
        """The next action that is no probe; probes are answered."""
        while (action := await self.hear())["Action"] == "Ping":
            await self.answer(action)
        return action

    async def stay(self) -> None:
        """Answer probes until the other side goes away."""
        while True:
            await self.hear_but_pings()


class Scene:
    """The link under test and what its listeners saw."""

    def __init__(self) -> None:
        self.seen: list[RawEvent] = []
        self.ups = 0
        self.downs = 0
        self.visits = 0
        self.changed = asyncio.Condition()
        self.link: AmiLink

    async def until(self, holds: Callable[[], bool], within: float = 3.0) -> None:
        async with asyncio.timeout(within), self.changed:
            await self.changed.wait_for(holds)

    def poke(self) -> None:
        task = asyncio.get_running_loop().create_task(self._notify(), name="poke")
        self._task = task

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


@asynccontextmanager
async def playing(
    *scripts: Script, on_event: Callable[[RawEvent], None] | None = None,
    deadline: float = 0.5, probe_every: float = 0.2,
) -> AsyncIterator[Scene]:  # fmt: skip
    """A link to a manager whose n-th connection plays the n-th script (the last one for ever)."""
    scene = Scene()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = scripts[min(scene.visits, len(scripts) - 1)]
        scene.visits += 1
        scene.poke()
        try:
            await script(Talk(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def saw(event: RawEvent) -> None:
        scene.seen.append(event)
        scene.poke()
        if on_event is not None:
            on_event(event)

    def up() -> None:
        scene.ups += 1
        scene.poke()

    def down() -> None:
        scene.downs += 1
        scene.poke()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = AmiAddress("127.0.0.1", port, "controller", "secret")
    scene.link = AmiLink(address, saw, up, down, deadline=deadline, probe_every=probe_every)
    owner = asyncio.create_task(scene.link.run(), name="link")
    try:
        yield scene
    finally:
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)
        server.close()
