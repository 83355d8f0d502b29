"""Room telephony/asterisk: one running Asterisk instance in a folder of its own.

The folder lies wherever the service keeps its data. In a private root file
system it appears as /srv/node, by a bind mount that only this instance sees, so
any number of instances share one root file system and none can lose its data
when that is rebuilt. Asterisk outlives the Python that started it.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from telephony.asterisk import console
from telephony.asterisk.install import AsteriskProgram

INSIDE = "/srv/node"

# glibc gives threads up to eight heaps a core, and each of them frays by itself, for hours.
# Whoever starts the service may say otherwise in its environment.
_HEAPS = {"MALLOC_ARENA_MAX": "2"}

# umask 077: recordings and secrets are for the service alone.
_ENTER = """
umask 077
mkdir -p "$3$2"
mount --bind "$1" "$3$2"
shift 2; root="$1"; shift
exec chroot "$root" "$@"
"""


class AsteriskFailed(RuntimeError):
    """Asterisk did not start or did not answer; the message ends with its last log lines."""


@dataclass(frozen=True)
class NodeFolder:
    """The folder of one instance, seen from here (`base`) and from Asterisk (`inside`)."""

    program: AsteriskProgram
    base: Path

    @property
    def inside(self) -> str:
        return str(self.base) if self.program.root is None else INSIDE

    @property
    def etc(self) -> Path:
        return self.base / "etc"

    @property
    def run(self) -> Path:
        return self.base / "run"

    @property
    def log(self) -> Path:
        return self.base / "log"

    @property
    def spool(self) -> Path:
        return self.base / "spool"

    @property
    def sounds(self) -> Path:
        return self.base / "sounds"

    @property
    def recordings(self) -> Path:
        """One folder a call, until it is sealed."""
        return self.spool / "calls"

    @property
    def cel_file(self) -> Path:
        """Every leg's events, written by Asterisk alone."""
        return self.log / "cel-custom" / "cel.csv"

    def make(self) -> None:
        """Create the folders; only Asterisk's own user (and root) may enter them."""
        uid, gid = self.program.user
        for folder in (
            self.base, self.etc, self.run, self.log, self.log / "cel-custom", self.spool,
            self.recordings, self.sounds, self.base / "db", self.base / "keys",
        ):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
            os.chown(folder, uid, gid)

    def write(self, path: Path, text: str) -> None:
        """Write a settings file that only Asterisk's user may read."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        os.chown(path, *self.program.user)
        os.chown(path.parent, *self.program.user)


class AsteriskNode:
    """Starts, asks, stops one instance; finds it again when it already runs."""

    def __init__(self, folder: NodeFolder) -> None:
        self.folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running instance, or None. OSError where that cannot be told."""
        try:
            pid = int((self.folder.run / "asterisk.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            # A pid may be used again by a stranger after a power cut.
            return pid if b"asterisk" in command and not _is_zombie(pid) else None
        except (FileNotFoundError, PermissionError, ProcessLookupError, ValueError):
            return None  # any other error is not to be taken for its end

    @property
    def is_running(self) -> bool:
        return self.pid is not None

    def start(self) -> None:
        """Start the instance if it does not run already; does not wait until it is ready."""
        if self.is_running:
            return
        for stale in ("asterisk.pid", "asterisk.ctl"):
            (self.folder.run / stale).unlink(missing_ok=True)
        with (self.folder.log / "console").open("ab") as out:
            self._child = subprocess.Popen(
                self._inside("asterisk", "-f", "-U", "asterisk", "-G", "asterisk",
                             "-C", f"{self.folder.inside}/etc/asterisk.conf"),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env={**_HEAPS, **os.environ},
            )  # fmt: skip

    async def ready(self, within: float = 20.0) -> None:
        """Return once Asterisk is fully booted and takes calls; `AsteriskFailed` otherwise."""
        try:
            async with asyncio.timeout(within):
                while not await self._is_booted():
                    if self._child is not None and self._child.poll() is not None:
                        raise AsteriskFailed(self._why("Asterisk ended while starting"))
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AsteriskFailed(self._why(f"Asterisk was not ready in {within} s")) from None

    async def _is_booted(self) -> bool:
        if not (self.folder.run / "asterisk.ctl").exists() or not self.is_running:
            return False
        return "fully booted" in await self.command("core waitfullybooted")

    async def command(self, line: str) -> str:
        """What Asterisk answers to a line of its console; a sentence if it does not answer.

        Raises `ValueError` when the line is longer than Asterisk reads.
        """
        try:
            return await console.ask(self.folder.run / "asterisk.ctl", line)
        except OSError as error:
            return f"Asterisk does not answer at its console: {error.strerror or 'in time'}\n"

    async def stop(self, within: float = 5.0) -> None:
        """End the instance and wait until it is gone; calls on it end."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(within):
                    while self.is_running:
                        await asyncio.sleep(0.02)
            except TimeoutError:
                self.kill()
        self._reap()

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait()
            self._child = None

    def _inside(self, *command: str) -> list[str]:
        root = self.folder.program.root
        if root is None:
            return ["sh", "-c", 'umask 077; exec "$@"', "sh", *command]
        return [
            "unshare", "--mount", "--propagation", "private", "sh", "-ec", _ENTER, "sh",
            str(self.folder.base.resolve()), self.folder.inside, str(root), *command,
        ]  # fmt: skip

    def _why(self, what: str) -> str:
        try:
            lines = (self.folder.log / "console").read_text(errors="replace").splitlines()[-8:]
        except OSError:
            lines = ["(no log)"]
        return what + ":\n  " + "\n  ".join(lines)


def _is_zombie(pid: int) -> bool:
    return ") Z" in Path(f"/proc/{pid}/stat").read_text()


def remove(folder: NodeFolder) -> None:
    """Delete an instance's folder (tests and demos only)."""
    shutil.rmtree(folder.base, ignore_errors=True)
