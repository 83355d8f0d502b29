"""A proxy before the manager that can be told to cut the link at a chosen moment."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class CuttingProxy:
    """Forwards to the real manager. `cut_when` looks at each message on its way to Asterisk
    (or from it) and says whether the link is cut after, or instead of, passing it on."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self.cut_after_request: Callable[[bytes], bool] = lambda _: False
        self.cut_before_reply: Callable[[bytes], bool] = lambda _: False
        self.cuts = 0
        self._connections: set[asyncio.StreamWriter] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        both = {writer, up_writer}
        self._connections |= both

        def cut() -> None:
            self.cuts += 1
            for one in both:
                one.transport.abort()

        async def pump(
            source: asyncio.StreamReader, sink: asyncio.StreamWriter, to_asterisk: bool
        ) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while data := await source.read(65536):
                    if not to_asterisk and self.cut_before_reply(data):
                        cut()
                        return
                    sink.write(data)
                    await sink.drain()
                    if to_asterisk and self.cut_after_request(data):
                        cut()
                        return
            sink.close()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pump(reader, up_writer, True))
            tasks.create_task(pump(up_reader, writer, False))
        self._connections -= both


@asynccontextmanager
async def given_proxy(target: int) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(target)
    server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for writer in list(proxy._connections):
            writer.transport.abort()
