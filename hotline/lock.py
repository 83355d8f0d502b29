"""Room hotline: one of each part in a data folder; a newer one replaces the older.

The lock is the kernel's, on an open file: it cannot be left behind by a process
that was killed.
"""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import IO

WITHIN_SECONDS = 15.0


class AlreadyRunning(RuntimeError):
    """Somebody else holds the lock and does not, or may not, let go."""


def take_lock(
    path: Path, *, replace: bool, within: float = WITHIN_SECONDS, sign: int = signal.SIGTERM
) -> IO[str]:
    """Hold this lock until the returned file is closed or the process ends.

    `replace`: ask whoever holds it to end (with `sign`), as a part does whose supervisor
    was killed and came back.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = path.open("a+")
    end = time.monotonic() + within
    asked = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not replace or time.monotonic() > end:
                file.close()
                raise AlreadyRunning(f"{path.stem} is running already ({path})") from None
            if not asked:
                asked = _ask_to_end(file, sign)
            time.sleep(0.05)
            continue
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        return file


def _ask_to_end(file: IO[str], sign: int) -> bool:
    """The signal to the holder, if the file names a process of this program."""
    file.seek(0)
    written = file.read().strip()
    if not written.isdigit():
        return False
    try:
        command = Path(f"/proc/{written}/cmdline").read_bytes()
        if b"hotline" in command:
            os.kill(int(written), sign)
    except (OSError, ProcessLookupError):
        return True
    return True
