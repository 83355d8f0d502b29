"""Room telephony/asterisk: one line of Asterisk's own console, asked and answered.

What `asterisk -rx` does, but without a process (and a mount) for every line: the
controller looks every few seconds, and a test many times a second.
"""

import asyncio
import os
import socket
from pathlib import Path

# Asterisk answers this one line and then closes the connection, which is how its end is known.
_ONE_LINE = "cli quit after "
# Asterisk reads a line into a buffer of 512 bytes; of this length a line was seen to arrive whole.
LONGEST_LINE = 511
# Log lines for consoles begin with this byte; nobody who asks for an answer wants them.
_LOG_LINE = b"\x7f"


# As long as `asterisk -rx` waits for a line that is not answered.
PATIENCE_SECONDS = 60
# Two connections may wait for Asterisk to take them; who comes then tries again.
_AGAIN_SECONDS = 0.01


async def ask(control: Path, line: str) -> str:
    """What Asterisk answers to a line of its console.

    `control`: its control socket (`asterisk.ctl`), which only its user and root may open.
    Raises `OSError` when nobody listens there or answers (`TimeoutError`), `ValueError` when the
    line is longer than Asterisk reads.
    """
    asked = f"{_ONE_LINE}{line}\0".encode()
    if len(asked) > LONGEST_LINE:
        raise ValueError(f"a console line has at most {LONGEST_LINE} bytes, not {len(asked)}")
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_unix_connection(sock=await _connected(control))
        try:
            writer.write(asked)
            said = await reader.read()
        finally:
            writer.close()
    _greeting, _, answer = said.partition(b"\n")  # host/process id/version
    lines = answer.splitlines(keepends=True)
    return b"".join(one for one in lines if not one.startswith(_LOG_LINE)).decode(errors="replace")


async def _connected(control: Path) -> socket.socket:
    # A socket's name has at most 107 bytes (unix(7)), a folder's can have more.
    folder = os.open(control.parent, os.O_PATH | os.O_DIRECTORY)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        while True:
            try:
                found.connect(f"/proc/self/fd/{folder}/{control.name}")
            except BlockingIOError:
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return found
    except BaseException:
        found.close()
        raise
    finally:
        os.close(folder)
