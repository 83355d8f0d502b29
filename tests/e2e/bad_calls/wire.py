"""A telephone with no manners: it says to the hotline whatever bytes it is given."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import cast
from uuid import uuid4

from simulator.carrier import CARRIER_ADDRESS
from tests.e2e.stage import Stage, until

_numbers = count(1)
SOUND = (
    "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
    "m=audio {media} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
)


class Wire(asyncio.DatagramProtocol):
    """One UDP socket, and all that came to it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)

    def answers(self, method: str, call: str = "") -> list[int]:
        """Status codes of the answers to a method, in the order they came."""
        return [
            int(data[8:11])
            for data in self.heard
            if data.startswith(b"SIP/2.0 ")
            and re.search(rb"(?im)^cseq:\s*\d+ " + method.encode(), data)
            and call.encode() in data
        ]


class RudePhone:
    """Makes requests by hand; each call has its own `RudeCall`."""

    def __init__(self, stage: Stage, wire: Wire, address: str, port: int) -> None:
        self.wire, self.address, self.port = wire, address, port
        self.hotline = (stage.settings.sip_address, stage.settings.sip_port)
        self.number = stage.settings.number

    def send(self, data: bytes) -> None:
        """These bytes, as one datagram."""
        self.wire.transport.sendto(data, self.hotline)

    def call(self, caller: bytes = b"<sip:13800000041@127.0.0.2>") -> "RudeCall":
        return RudeCall(self, caller)


class RudeCall:
    """One call's requests. Nothing is sent again, nothing answered, unless told."""

    def __init__(self, phone: RudePhone, caller: bytes) -> None:
        self.phone, self.caller = phone, caller
        self.id = f"rude-{next(_numbers)}-{uuid4().hex[:8]}"
        self.branch = f"z9hG4bK{uuid4().hex[:12]}"

    def request(
        self, method: str, *, number: int = 1, body: str = "", extra: bytes = b"",
        branch: str = "", length: int | None = None, kind: str = "application/sdp",
    ) -> bytes:  # fmt: skip
        """A request of this call; `length` lies about the body's."""
        phone, content = self.phone, body.encode()
        host, port = phone.hotline
        at = f"{phone.address}:{phone.port}"
        head = (
            f"{method} sip:{phone.number}@{host}:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {at};rport;branch={branch or self.branch}\r\n"
        ).encode()
        head += b"From: " + self.caller + f";tag={self.id}\r\n".encode()
        head += b"To: " + self._to() + b"\r\n"
        tail = (
            f"Call-ID: {self.id}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:rude@{at}>\r\nMax-Forwards: 70\r\n"
        )
        if content:
            tail += f"Content-Type: {kind}\r\n"
        tail += f"Content-Length: {len(content) if length is None else length}\r\n"
        return head + tail.encode() + extra + b"\r\n" + content

    def invite(self, **how: object) -> bytes:
        sound = SOUND.format(address=self.phone.address, media=self.phone.port + 1)
        return self.request("INVITE", body=sound, **how)  # type: ignore[arg-type]

    def new_branch(self) -> str:
        return f"z9hG4bK{uuid4().hex[:12]}"

    def send(self, data: bytes) -> None:
        self.phone.send(data)

    def ack(self, number: int = 1) -> None:
        self.send(self.request("ACK", number=number, branch=self.new_branch()))

    def bye(self, number: int = 2) -> None:
        self.send(self.request("BYE", number=number, branch=self.new_branch()))

    def agree(self, request: bytes) -> None:
        """200 to what the hotline asks."""
        kept = rb"(?im)^(?:via|from|to|call-id|cseq):.*?\r\n"
        lines = b"".join(re.findall(kept, request))
        self.send(b"SIP/2.0 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n")

    async def answered(self, method: str = "INVITE", within: float = 10.0) -> int:
        """The first final answer to a method."""

        def final() -> int:
            return next((code for code in self.answers(method) if code >= 200), 0)

        return int(await until(final, within, f"an answer to {method}"))

    def answers(self, method: str) -> list[int]:
        return self.phone.wire.answers(method, self.id)

    def asked(self, method: str) -> list[bytes]:
        """Requests of a method that came to us within this call."""
        start = method.encode() + b" "
        return [d for d in self.phone.wire.heard if d.startswith(start) and self.id.encode() in d]

    def _to(self) -> bytes:
        """With the hotline's tag, once it has told one: a CANCEL's answer has another."""
        for data in self.phone.wire.heard:
            found = re.search(rb"(?im)^to:\s*(.+?)\r\n", data)
            ours = self.id.encode() in data and re.search(rb"(?im)^cseq:\s*1 INVITE", data)
            if found and ours and b"tag=" in found[1] and data[:4] == b"SIP/":
                return found[1]
        return f"<sip:{self.phone.number}@{self.phone.hotline[0]}>".encode()


@asynccontextmanager
async def rude_phone(stage: Stage, address: str = CARRIER_ADDRESS) -> AsyncIterator[RudePhone]:
    """A phone at the trunk's address, or at a stranger's."""
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(Wire, local_addr=(address, 0))
    try:
        yield RudePhone(stage, wire, address, transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def until_said(call: RudeCall, method: str, code: int) -> Callable[[], bool]:
    """For `until`: this answer has come."""
    return lambda: code in call.answers(method)
