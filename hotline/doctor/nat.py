"""Room hotline/doctor: routers: is whoever is outside told an address that is known there?"""

import asyncio
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from hotline.doctor.findings import NOT_ASKED, Finding, Patient, warning, well, wrong

# Addresses that nobody outside can send anything to: RFC 1918, 6598, 3927, 4193, loopback.
_PRIVATE = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
            "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128",
        ),
    )
)  # fmt: skip
_DO = (
    "设置 public_address 为路由器的公网地址,并转发 SIP 与媒体端口",
    "set public_address to the router's address outside, and forward SIP and media ports",
)
Address = IPv4Address | IPv6Address


async def nat(patient: Patient) -> list[Finding]:
    """What trunks and signed-in phones are told, against where they are."""
    settings = patient.installation.settings
    outside = {
        f"中继/trunk {trunk.name}": await _addresses_of(trunk.host)
        for trunk in patient.installation.trunks
    }
    if patient.asterisk_runs:
        for extension, address in signed_in(await patient.console("pjsip show contacts")):
            outside[f"话机/phone {extension}"] = [address]
    announced = settings.public_address or settings.sip_address
    media = settings.public_media_address or announced
    found = told_wrongly(outside, announced, media, settings.local_nets)
    if not found and not patient.asterisk_runs:
        return [NOT_ASKED]
    return found or [well(f"对外地址 {announced}", f"outside we are {announced}")]


def told_wrongly(
    outside: Mapping[str, Sequence[Address]], announced: str, media: str, local_nets: Iterable[str]
) -> list[Finding]:
    """Who is at a public address and is told a private one, in words."""
    nets = [ip_network(net) for net in local_nets]
    public = sorted(
        name
        for name, addresses in outside.items()
        if any(not is_private(a) and not any(a in net for net in nets) for a in addresses)
    )
    private = sorted({one for one in (announced, media) if is_private(ip_address(one))})
    if public and private:
        who, what = ", ".join(public), ", ".join(private)
        return [
            wrong(
                f"{who} 在公网,却被告知内网地址 {what}:来话可能不通,声音只有单向或全无",
                f"{who} at a public address is told {what}, which is unknown there: "
                "calls may not come in, and voice goes one way or none",
                *_DO,
            )
        ]  # fmt: skip
    near = sorted(
        name for name, found in outside.items()
        if any(is_private(a) and not a.is_loopback and not any(a in net for net in nets)
               for a in found)
    )  # fmt: skip
    if near and not private:
        who = ", ".join(near)
        return [
            warning(
                f"{who} 在内网,却被告知公网地址 {announced}",
                f"{who} is at a private address, but is told {announced}",
                "将其网段加入 local_nets", "add its network to local_nets",
            )
        ]  # fmt: skip
    return []


def is_private(address: Address) -> bool:
    return any(address in net for net in _PRIVATE)


def signed_in(contacts: str) -> list[tuple[str, Address]]:
    """`Contact:  1001/sip:1001@192.0.2.7:41234 …` → [("1001", 192.0.2.7)]."""
    found = re.findall(
        r"Contact:\s+([0-9]{2,8})/sips?:[^@\s]*@(\[[0-9A-Fa-f:]+\]|[0-9.]+)", contacts
    )
    return [(extension, ip_address(host.strip("[]"))) for extension, host in found]


async def _addresses_of(host: str) -> list[Address]:
    try:
        return [ip_address(host)]
    except ValueError:
        pass
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(3):
            told = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, TimeoutError):
        return []  # whether it answers at all is another check's matter
    return [ip_address(entry[4][0]) for entry in told]
