"""Room telephony/trunks: calls that Asterisk refuses before it knows them as calls.

An INVITE without a codec in common is answered 488, and Asterisk makes no channel, writes no
event and logs nothing. What it can do is copy its SIP to a listener (HEP version 3, res_hep);
we listen on loopback and keep only what is refused: the trunk and the codecs it offered.
"""

import asyncio
import re
import struct
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

import structlog

from telephony.trunks.trunk import Trunk

log = structlog.get_logger()

# Types of HEP's chunks (vendor 0): IPv4 and IPv6 source, and what was sent.
_SOURCE_4, _SOURCE_6, _PAYLOAD = 0x0003, 0x0005, 0x000F
_NO_CODEC: Final = re.compile(rb"SIP/2\.0 488 ")
_CALL_ID: Final = re.compile(rb"(?im)^(?:call-id|i)\s*:\s*(\S+)")
_OF_INVITE: Final = re.compile(rb"(?im)^cseq\s*:\s*\d+\s+INVITE")
_MEDIA: Final = re.compile(rb"(?m)^m=audio \d+ \S+ ([0-9 ]+)")
_NAMED: Final = re.compile(rb"(?m)^a=rtpmap:(\d+) ([A-Za-z0-9._-]+)")
# Payload types that need no name (RFC 3551), as far as anybody still offers them.
_STATIC: Final = {"0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "18": "G729"}
# INVITEs that have no answer yet; more than ever wait, less than an attacker could fill.
REMEMBERED: Final = 500
MOST_CODECS: Final = 12
AGAIN_SECONDS: Final = 5.0


@dataclass(frozen=True)
class NotTaken:
    """A call of a trunk that could not be: none of these codecs is ours."""

    trunk: str
    offered: tuple[str, ...]


class Overhearing:
    """Give it every datagram; it says what was refused."""

    def __init__(
        self, trunks: Sequence[Trunk], addresses: Callable[[Trunk], Sequence[str]]
    ) -> None:
        self._nets = [
            (trunk.name, net)
            for trunk in trunks
            for address in addresses(trunk)
            if (net := _network(address)) is not None
        ]
        self._invites: OrderedDict[bytes, tuple[str, bytes]] = OrderedDict()

    def heard(self, datagram: bytes) -> NotTaken | None:
        """One copy of a SIP message; anything else is nothing."""
        source, message = _parts(datagram)
        call = _CALL_ID.search(message)
        if call is None:
            return None
        if message.startswith(b"INVITE "):
            self._remember(call[1], source, message)
        elif message.startswith(b"SIP/2.0 ") and not message.startswith(b"SIP/2.0 1"):
            source_of, invite = self._invites.pop(call[1], ("", b""))
            if invite and _NO_CODEC.match(message) and _OF_INVITE.search(message):
                trunk = self._trunk_at(source_of)
                return NotTaken(trunk, offered(invite)) if trunk else None
        return None

    def _remember(self, call: bytes, source: str, message: bytes) -> None:
        self._invites[call] = (source, message)
        while len(self._invites) > REMEMBERED:
            self._invites.popitem(last=False)

    def _trunk_at(self, source: str) -> str:
        if not source:
            return ""
        address = ip_address(source)
        found = (name for name, net in self._nets if address in net)
        # Refused with 488 and not 401: it was some trunk's, if by a name we do not resolve.
        return next(found, "?")


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """None for a name: what it stands for today is Asterisk's to know."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def offered(invite: bytes) -> tuple[str, ...]:
    """Names of the codecs of its first audio line, as it gives them; keys (RFC 4733) left out."""
    media = _MEDIA.search(invite)
    if media is None:
        return ()
    names = {number.decode(): name.decode() for number, name in _NAMED.findall(invite)}
    found = [names.get(n) or _STATIC.get(n, n) for n in media[1].decode().split()]
    return tuple(name for name in found if name.lower() != "telephone-event")[:MOST_CODECS]


def _parts(datagram: bytes) -> tuple[str, bytes]:
    """Source address and message of a HEP3 datagram; empty where it is none."""
    source, message = "", b""
    if datagram[:4] != b"HEP3":
        return source, message
    place = 6
    while place + 6 <= len(datagram):
        vendor, kind, length = struct.unpack_from("!HHH", datagram, place)
        if length < 6:
            break
        content = datagram[place + 6 : place + length]
        if vendor == 0 and kind in (_SOURCE_4, _SOURCE_6) and len(content) in (4, 16):
            source = str(ip_address(content))
        elif vendor == 0 and kind == _PAYLOAD:
            message = content
        place += length
    return source, message


class Listener(asyncio.DatagramProtocol):
    """At the port Asterisk was told; `tell` hears of each call that was not taken."""

    def __init__(self, overhearing: Overhearing, tell: Callable[[NotTaken], None]) -> None:
        self._overhearing, self._tell = overhearing, tell

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        try:
            refused = self._overhearing.heard(data)
        except ValueError:  # whatever is no SIP is nothing to us
            return
        if refused is not None:
            self._tell(refused)


async def listen(port: int, overhearing: Overhearing, tell: Callable[[NotTaken], None]) -> None:
    """Until cancelled; while another program has the port only this is not told."""
    loop = asyncio.get_running_loop()
    told = False
    while True:
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: Listener(overhearing, tell), local_addr=("127.0.0.1", port)
            )
            break
        except OSError as error:
            if not told:
                log.warning("refused_calls_not_told", port=port, reason=str(error))
            told = True
            await asyncio.sleep(AGAIN_SECONDS)
    try:
        await asyncio.Event().wait()
    finally:
        transport.close()
