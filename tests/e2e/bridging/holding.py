"""A proxy before the manager that keeps one action back until a test lets it go."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telephony.ami.link import AmiAddress
from tests.e2e.stage import Stage, given_stage


class HoldingProxy:
    """`hold(b"Action: Redirect")`; `await held()`; `go()`."""

    def __init__(self) -> None:
        self._marker = b""
        self._held, self._go = asyncio.Event(), asyncio.Event()

    def hold(self, marker: bytes) -> None:
        """The next action with these bytes waits."""
        self._marker = marker

    async def held(self, within: float = 15) -> None:
        """Return once it has come."""
        async with asyncio.timeout(within):
            await self._held.wait()

    def go(self) -> None:
        self._marker = b""
        self._go.set()

    async def to_asterisk(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if self._marker and self._marker in data:
                    self._held.set()
                    await self._go.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


@asynccontextmanager
async def given_stage_that_can_wait() -> AsyncIterator[tuple[Stage, HoldingProxy]]:
    """A stage whose controller speaks to Asterisk through the proxy."""
    proxy = HoldingProxy()
    async with given_stage(controller="none") as stage:
        real = stage.installation.ami

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                up_reader, up_writer = await asyncio.open_connection(real.host, real.port)
            except OSError:
                writer.close()
                return

            async def back() -> None:
                with contextlib.suppress(OSError):
                    while data := await up_reader.read(65536):
                        writer.write(data)
                        await writer.drain()
                writer.close()

            await asyncio.gather(proxy.to_asterisk(reader, up_writer), back())

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        stage.installation.__dict__["ami"] = AmiAddress(real.host, port, real.username, real.secret)
        try:
            await stage.start_controller()
            yield stage, proxy
        finally:
            proxy.go()
            await stage.stop_controller()
            server.close()
