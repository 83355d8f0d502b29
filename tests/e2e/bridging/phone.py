"""A citizen's telephone that can put us on hold: its own SIP dialogue, its own tone and ear."""

import asyncio
import io
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import soundfile

from simulator.carrier import CARRIER_ADDRESS
from simulator.city import TONES
from simulator.ears import Sound, who_is_heard
from tests.e2e.bad_calls.wire import RudeCall, Wire, rude_phone
from tests.e2e.stage import Stage, until

PACKET = 160  # 20 ms of A-law
_SDP = (
    "v=0\r\no=- 1 {version} IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na={direction}\r\n"
)


def _tone() -> bytes:
    """One second of the citizen's tone."""
    times = np.arange(8000) / 8000
    samples = (9000 * np.sin(2 * np.pi * TONES["citizen"] * times)).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format="RAW", subtype="ALAW")
    return file.getvalue()


class HoldPhone:
    """`await dial()`, `await hold("inactive")`, `await hold("sendrecv")`, `hang_up()`."""

    def __init__(self, call: RudeCall, media: Wire) -> None:
        self._call, self._media = call, media
        self._requests, self._sends = 0, False
        self._arrived: list[tuple[float, bytes]] = []

    async def dial(self) -> None:
        await self._offer("sendrecv")

    async def hold(self, direction: str) -> None:
        """A new offer in the same dialogue: inactive | sendonly | sendrecv."""
        await self._offer(direction)

    def hang_up(self) -> None:
        self._sends = False
        self._call.bye(self._requests + 1)

    async def _offer(self, direction: str) -> None:
        self._requests += 1
        number, phone = self._requests, self._call.phone
        port = self._media.transport.get_extra_info("sockname")[1]
        body = _SDP.format(address=phone.address, port=port, version=number, direction=direction)
        branch = self._call.new_branch()
        self._call.send(self._call.request("INVITE", number=number, body=body, branch=branch))
        mark = f"CSeq: {number} INVITE".encode()
        answer = await until(
            lambda: next(
                (x for x in phone.wire.heard if x.startswith(b"SIP/2.0 2") and mark in x), None
            ),
            20, f"an answer to offer {number}",
        )  # fmt: skip
        self._call.ack(number)
        found = re.search(rb"m=audio (\d+)", answer)
        assert found is not None, answer
        self._to = (phone.hotline[0], int(found[1]))
        self._sends = direction != "inactive"

    async def speak(self) -> None:
        """The citizen's tone, while the last offer says that we send."""
        tone, number, due = _tone(), 0, time.monotonic()
        while True:
            number, due = number + 1, due + 0.02
            if self._sends:
                at = number * PACKET % 8000
                head = (
                    bytes([0x80, 8]) + (number & 0xFFFF).to_bytes(2) + (number * PACKET).to_bytes(4)
                )
                self._media.transport.sendto(head + b"hold" + tone[at : at + PACKET], self._to)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def listen(self) -> None:
        """Remember when each packet came."""
        while True:
            now = time.time()
            self._arrived += [(now, data[12:]) for data in self._media.heard if len(data) > 12]
            self._media.heard.clear()
            await asyncio.sleep(0.01)

    def heard(self, span: tuple[float, float]) -> set[str]:
        """Roles heard in every tenth of a second of what came in this span."""
        sound = b"".join(data for at, data in self._arrived if span[0] <= at < span[1])
        if not sound:
            return set()
        samples, _ = soundfile.read(
            io.BytesIO(sound), samplerate=8000, channels=1, format="RAW", subtype="ALAW",
            dtype="int16",
        )  # fmt: skip
        return who_is_heard(Sound(samples, 8000, 0.0), 0.0, len(samples) / 8000)


@asynccontextmanager
async def hold_phone(stage: Stage) -> AsyncIterator[HoldPhone]:
    """A citizen at the trunk's address."""
    loop = asyncio.get_running_loop()
    transport, media = await loop.create_datagram_endpoint(Wire, local_addr=(CARRIER_ADDRESS, 0))
    async with rude_phone(stage, CARRIER_ADDRESS) as rude:
        phone = HoldPhone(rude.call(), media)
        tasks = [asyncio.create_task(phone.speak()), asyncio.create_task(phone.listen())]
        try:
            yield phone
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            transport.close()
