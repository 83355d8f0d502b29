"""Room hotline: telling the controller that a command waits for it, and its ear."""

import os
import socket

import structlog

log = structlog.get_logger()


def nudge(path: os.PathLike[str]) -> None:
    """Wake the controller; silently nothing where none listens (it will look by itself)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(b"!", os.fspath(path))
        except OSError:
            log.debug("no_controller_to_nudge")


def nudge_socket(path: os.PathLike[str]) -> socket.socket:
    """A datagram socket in the data folder; whoever may write there may nudge."""
    nudged = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    place = os.fspath(path)
    if os.path.exists(place):  # noqa: PTH110
        os.unlink(place)  # noqa: PTH108 - the socket of a controller that was killed
    nudged.bind(place)
    nudged.setblocking(False)
    return nudged
