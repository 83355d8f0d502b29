"""A router with its two sides, as network namespaces; no packet of it leaves them.

    inside 10.77.0.2 ── 10.77.0.1 router 203.0.113.1 ── 203.0.113.10 outside

The router hides the inside behind its own address (masquerade) and forwards what it is told to.
Needs root, as Asterisk's own file system does.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

INSIDE, ROUTER_INSIDE = "10.77.0.2", "10.77.0.1"
ROUTER, OUTSIDE = "203.0.113.1", "203.0.113.10"
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Router:
    """Names of the three namespaces."""

    inside: str
    router: str
    outside: str

    def forget_after(self, seconds: int) -> None:
        """How long it remembers who inside has sent something."""
        for name in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
            _in(self.router, "sh", "-c", f"echo {seconds} > /proc/sys/net/netfilter/{name}")


@contextmanager
def within(namespace: str) -> Iterator[None]:
    """Sockets and programs made here belong to this namespace for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open(Path("/run/netns") / namespace, os.O_RDONLY)
    try:
        _check(libc.setns(other, _CLONE_NEWNET))
        yield
    finally:
        _check(libc.setns(own, _CLONE_NEWNET))
        os.close(own)
        os.close(other)


@contextmanager
def given_router(forwards: Sequence[str] = ()) -> Iterator[Router]:
    """`forwards`: UDP ports (`5060`, `12000-12019`) that go on to the inside."""
    tag = uuid4().hex[:6]
    place = Router(f"in-{tag}", f"router-{tag}", f"out-{tag}")
    made = []
    try:
        for name in (place.inside, place.router, place.outside):
            _run("ip", "netns", "add", name)
            made.append(name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        _cable(place.inside, INSIDE, place.router, ROUTER_INSIDE, "lan")
        _cable(place.outside, OUTSIDE, place.router, ROUTER, "wan")
        _run("ip", "-n", place.inside, "route", "add", "default", "via", ROUTER_INSIDE)
        _in(place.router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        forward = f"iifname wan udp dport {{ {', '.join(forwards)} }} dnat to {INSIDE};"
        rules = f"""
        table ip nat {{
            chain out {{ type nat hook postrouting priority 100; oifname wan masquerade; }}
            chain in {{ type nat hook prerouting priority -100; {forward if forwards else ""} }}
        }}"""
        _in(place.router, "nft", "-f", "-", text=rules)
        yield place
    finally:
        for name in made:
            _run("ip", "netns", "del", name)


def _cable(one: str, address: str, other: str, other_address: str, name: str) -> None:
    _run(
        "ip", "-n", one, "link", "add", "eth", "type", "veth", "peer", "name", name, "netns", other
    )
    for namespace, at, link in ((one, address, "eth"), (other, other_address, name)):
        _run("ip", "-n", namespace, "addr", "add", f"{at}/24", "dev", link)
        _run("ip", "-n", namespace, "link", "set", link, "up")


def _in(namespace: str, *command: str, text: str = "") -> None:
    _run("ip", "netns", "exec", namespace, *command, text=text)


def _run(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "setns")
