"""Room telephony/asterisk: free ports on an address, for instances that pick their own."""

import random
import socket

# Ports given out and perhaps not yet bound by who asked for them.
_given: set[tuple[str, int]] = set()


def free_port(address: str = "127.0.0.1", kind: int = socket.SOCK_DGRAM) -> int:
    """A port nobody listens on at this moment; never the same one twice from here."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind((address, 0))
            port = int(probe.getsockname()[1])
        if (address, port) not in _given:
            _given.add((address, port))
            return port


def free_range(address: str, size: int = 400) -> tuple[int, int]:
    """First and last of `size` neighbouring UDP ports that are all free; first is even."""
    for _ in range(50):
        # Below the range from which the kernel hands out ports by itself.
        first = random.randrange(10_000, 32_000 - size, 2)  # noqa: S311 - not a secret
        if all(_is_free(address, port) for port in range(first, first + size)):
            return first, first + size - 1
    raise OSError(f"no {size} neighbouring free UDP ports at {address}")


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
