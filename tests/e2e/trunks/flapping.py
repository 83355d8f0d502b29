"""A carrier that is there and away again every few seconds, and counts whom it rang."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

# What is rung here and does not answer hangs up after this long.
RINGS_SECONDS = 0.5


class FlappingCarrier(asyncio.DatagramProtocol):
    """While `away` every packet is lost. Of the INVITEs that come through, each second one rings
    (180, then 486); the others are refused before anything rings (503).
    """

    def __init__(self) -> None:
        self.away = False
        self.rung: Counter[str] = Counter()  # number → telephones that rang
        self.refused: Counter[str] = Counter()
        self.changes = 0
        self._calls: dict[bytes, str] = {}  # Call-ID → what we do with it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.away or data.startswith(b"SIP/2.0"):
            return
        match data.split(b" ", 1)[0]:
            case b"OPTIONS" | b"BYE":
                self._answer(data, addr, "200 OK")
            case b"CANCEL":
                self._answer(data, addr, "200 OK")
            case b"INVITE":
                self._invited(data, addr)

    def _invited(self, data: bytes, addr: tuple[str, int]) -> None:
        call_id = _head(data, b"call-id")
        if call_id in self._calls:
            return  # sent again
        number = data.split(b"@", 1)[0].rpartition(b":")[2].decode()
        does = "rings" if len(self._calls) % 2 else "refuses"
        self._calls[call_id] = does
        self._answer(data, addr, "100 Trying")
        if does == "refuses":
            self.refused[number] += 1
            self._answer(data, addr, "503 Service Unavailable", tag="far")
            return
        self.rung[number] += 1
        self._answer(data, addr, "180 Ringing", tag="far")
        asyncio.get_running_loop().call_later(
            RINGS_SECONDS, self._answer, data, addr, "486 Busy Here", "far"
        )

    def _answer(self, data: bytes, addr: tuple[str, int], line: str, tag: str = "") -> None:
        kept = b"".join(re.findall(rb"(?im)^(?:via|from|to|call-id|cseq):.*?\r\n", data))
        if tag:
            kept = re.sub(rb"(?im)^(to:.*?)\r\n", rb"\1;tag=" + tag.encode() + rb"\r\n", kept)
        self._transport.sendto(
            f"SIP/2.0 {line}\r\n".encode() + kept + b"Content-Length: 0\r\n\r\n", addr
        )

    async def flap(self, every: float) -> None:
        """There, away, there, away; until cancelled."""
        while True:
            await asyncio.sleep(every)
            self.away = not self.away
            self.changes += 1


def _head(data: bytes, name: bytes) -> bytes:
    found = re.search(rb"(?im)^" + name + rb":\s*(.*?)\r\n", data)
    return found[1] if found else b""


@asynccontextmanager
async def given_flapping(address: str, port: int, every: float) -> AsyncIterator[FlappingCarrier]:
    """At the address of a trunk."""
    loop = asyncio.get_running_loop()
    transport, carrier = await loop.create_datagram_endpoint(
        FlappingCarrier, local_addr=(address, port)
    )
    flapping = asyncio.create_task(carrier.flap(every))
    try:
        yield carrier
    finally:
        flapping.cancel()
        await asyncio.gather(flapping, return_exceptions=True)
        transport.close()
