"""A link that stands and is dead: a proxy before the manager that swallows what it is told to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SwallowingProxy:
    """Nothing is closed and nothing is refused: bytes go in and never come out."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self.swallows_requests = self.swallows_replies = False
        self._pumps: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._pumps |= {writer, up_writer}

        async def pump(
            source: asyncio.StreamReader, sink: asyncio.StreamWriter, requests: bool
        ) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    if self.swallows_requests if requests else self.swallows_replies:
                        continue
                    sink.write(data)
                    await sink.drain()
            sink.close()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pump(reader, up_writer, True))
            tasks.create_task(pump(up_reader, writer, False))

    def drop_all(self) -> None:
        for writer in self._pumps:
            writer.transport.abort()


@asynccontextmanager
async def swallowing_proxy(target: int) -> AsyncIterator[SwallowingProxy]:
    proxy = SwallowingProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.drop_all()
