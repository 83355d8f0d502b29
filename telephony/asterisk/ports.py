"""Room telephony/asterisk: free ports on an address, for instances that pick their own."""

import random
import socket
from collections import deque

# Below the range from which the kernel hands out ports by itself, and below that of media.
_FIRST, _LAST = 2_000, 9_999
# Who asked for a port binds it a little later. Until then a name that exists once on a machine
# says to every process that it is given out; the newest ones are kept.
_KEPT = 64
_given: deque[socket.socket] = deque()


def free_port(address: str = "127.0.0.1", kind: int = socket.SOCK_DGRAM) -> int:
    """A port nobody listens on at this moment, and nobody else is being given; `OSError`."""
    for _ in range(1000):
        port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
        if _is_free(address, port, kind) and _is_given_to_us(address, port):
            return port
    raise OSError(f"no free port at {address}")


def free_range(address: str, size: int = 400) -> tuple[int, int]:
    """First and last of `size` neighbouring UDP ports that are all free; first is even."""
    for _ in range(50):
        first = random.randrange(_LAST + 1, 32_000 - size, 2)  # noqa: S311 - not a secret
        if all(_is_free(address, port) for port in range(first, first + size)):
            return first, first + size - 1
    raise OSError(f"no {size} neighbouring free UDP ports at {address}")


def _is_free(address: str, port: int, kind: int = socket.SOCK_DGRAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _is_given_to_us(address: str, port: int) -> bool:
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0hotline port {address}:{port}")
    except OSError:
        name.close()
        return False
    _given.append(name)
    if len(_given) > _KEPT:
        _given.popleft().close()
    return True
