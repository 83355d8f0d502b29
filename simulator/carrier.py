"""Room simulator: the carrier and the phones, as a second Asterisk on other loopback addresses."""

import asyncio
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from telephony.ami.link import AmiAddress, AmiLink
from telephony.ami.messages import RawEvent
from telephony.asterisk.certificate import install_certificate
from telephony.asterisk.install import AsteriskProgram
from telephony.asterisk.modules import CARRIER_MODULES
from telephony.asterisk.node import AsteriskNode, NodeFolder
from telephony.asterisk.ports import free_port, free_range
from telephony.asterisk.render import DeskPhone, install_sounds, render

HERE = Path(__file__).parent
CARRIER_ADDRESS = "127.0.0.2"
PHONES_ADDRESS = "127.0.0.3"


@dataclass(frozen=True)
class HotlineAddress:
    """Where the hotline under test takes calls."""

    host: str
    port: int
    number: str


@dataclass(frozen=True)
class Line:
    """How this carrier (or these phones) speak with the hotline; `user`: it registers here."""

    transport: str = "udp"
    srtp: bool = False
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    user: str = ""
    password: str = field(default="", repr=False)
    from_user: str = ""


class Carrier:
    """The second Asterisk. `async with carrier:` starts it and signs in to its manager."""

    def __init__(
        self, program: AsteriskProgram, base: Path, hotline: HotlineAddress,
        phones: Sequence[DeskPhone], port: int | None = None, keys: str = "rfc4733",
        address: str = CARRIER_ADDRESS, phones_address: str = PHONES_ADDRESS,
        line: Line = Line(),
    ) -> None:  # fmt: skip
        self.hotline = hotline
        self.address, self._phones_address, self.line = address, phones_address, line
        self.port = port or free_port(address)
        self._phones = phones
        self._keys = keys
        self.folder = NodeFolder(program, base)
        self.node = AsteriskNode(self.folder)
        secret = secrets.token_urlsafe(16)
        self._address = AmiAddress(
            "127.0.0.1", free_port("127.0.0.1", socket.SOCK_STREAM), "city", secret
        )
        self._listeners: list[Callable[[RawEvent], None]] = []
        self._up = asyncio.Event()
        self.link = AmiLink(self._address, self._heard, self._up.set, self._up.clear)
        self._task: asyncio.Task[None] | None = None

    @property
    def heard_folder(self) -> Path:
        """What people of the city hear is recorded here."""
        return self.folder.spool / "heard"

    def listen(self, listener: Callable[[RawEvent], None]) -> None:
        """Be told of every manager event of the carrier."""
        self._listeners.append(listener)

    async def __aenter__(self) -> "Carrier":
        self._render()
        self.node.start()
        await self.node.ready()
        self._task = asyncio.create_task(self.link.run(), name="carrier link")
        async with asyncio.timeout(10):
            await self._up.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.node.stop()

    def _heard(self, event: RawEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def _render(self) -> None:
        folder = self.folder
        folder.make()
        first, last = free_range(self.address)
        values: dict[str, Any] = {
            "node": "city", "transmit_silence": "no", "keys": self._keys,
            "ami_port": self._address.port, "ami_secret": self._address.secret,
            "carrier_address": self.address, "carrier_port": self.port,
            "phones_address": self._phones_address,
            "phones_port": free_port(self._phones_address), "line": asdict(self.line),
            "pbx_address": self.hotline.host, "pbx_port": self.hotline.port,
            "rtp_first": first, "rtp_last": last,
            "phones": [{"extension": p.extension, "secret": p.secret} for p in self._phones],
        }  # fmt: skip
        if self.line.transport == "tls":
            own = folder.base / "own"
            install_certificate(folder, own, self.address, None, None, None)
        render(HERE / "asterisk_conf", folder, values, CARRIER_MODULES)
        install_sounds(folder, HERE / "voices", "voices")
        self.heard_folder.mkdir(exist_ok=True, mode=0o700)
        os.chown(self.heard_folder, *folder.program.user)

    def remove(self) -> None:
        """Delete the instance's folder."""
        shutil.rmtree(self.folder.base, ignore_errors=True)
