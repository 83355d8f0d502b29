"""Room hotline: telling the controller that a command waits for it."""

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
