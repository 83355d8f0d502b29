"""Room telephony/ivr: the flows one Asterisk knows: which is in force, which are still in use.

Every version is a file of its own. A new one is added, proven to be there, and only
then named in the global variable that `[dial_in]` follows; a call that began before
stays in its version. An old version's file goes once no channel is as old as it.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from telephony import dialplan
from telephony.asterisk.node import AsteriskNode, NodeFolder
from telephony.ivr.compile import Compiled

# Clocks of seconds: a channel this much younger than the change may have seen the old flow.
GRACE_SECONDS = 3.0


class NotApplied(RuntimeError):
    """Asterisk did not take the flow; the one before is in force still."""


@dataclass(frozen=True)
class Applied:
    """What a change of the flow came to."""

    version: str
    dropped: list[str]
    kept: list[str]
    """Versions that calls are still in."""


class Shelf:
    """The flow files of one node. Used by one process at a time."""

    def __init__(self, folder: NodeFolder) -> None:
        self._folder = folder
        self._flows = folder.etc / "flows"
        self._named = folder.etc / "flow.inc"

    @property
    def in_force(self) -> str | None:
        """The version that new calls are led by, as the files say."""
        try:
            found = re.fullmatch(
                rf"{dialplan.FLOW} = {dialplan.FLOW_PREFIX}(\S+)\n", self._named.read_text()
            )
        except OSError:
            return None
        return found[1] if found and self._file(found[1]).exists() else None

    def lay_out(self, compiled: Compiled) -> None:
        """Put the flow in force for an Asterisk that is not running yet."""
        self._write(compiled)
        self._name(compiled.version)

    async def apply(self, asterisk: AsteriskNode, compiled: Compiled) -> Applied:
        """Put the flow in force for calls from now on; `NotApplied` leaves all as it was."""
        self._write(compiled)
        await asterisk.command("dialplan reload")
        shown = await asterisk.command(f"dialplan show s@{compiled.context}")
        if f"Context '{compiled.context}'" not in shown:
            raise NotApplied(f"Asterisk does not know {compiled.context} after a reload: {shown}")
        self._name(compiled.version)
        await asterisk.command(f"dialplan set global {dialplan.FLOW} {compiled.context}")
        dropped = await self._drop_unused(asterisk)
        return Applied(compiled.version, dropped, sorted(self._others()))

    async def _drop_unused(self, asterisk: AsteriskNode) -> list[str]:
        oldest = _oldest_channel(await asterisk.command("core show channels concise"))
        dropped = []
        for version in sorted(self._others()):
            if self._retired(version) + GRACE_SECONDS < oldest:
                self._file(version).unlink()
                self._mark(version).unlink(missing_ok=True)
                dropped.append(version)
        if dropped:
            await asterisk.command("dialplan reload")
        return dropped

    def _others(self) -> Iterator[str]:
        now = self.in_force
        for path in self._flows.glob(f"{dialplan.FLOW_PREFIX}*.conf"):
            version = path.stem.removeprefix(dialplan.FLOW_PREFIX)
            if version != now:
                yield version

    def _file(self, version: str) -> Path:
        return self._flows / f"{dialplan.FLOW_PREFIX}{version}.conf"

    def _mark(self, version: str) -> Path:
        """Its time is when the version was last in force."""
        return self._flows / f"{dialplan.FLOW_PREFIX}{version}.retired"

    def _retired(self, version: str) -> float:
        try:
            return self._mark(version).stat().st_mtime
        except OSError:
            return self._file(version).stat().st_mtime

    def _write(self, compiled: Compiled) -> None:
        self._folder.write(self._file(compiled.version), compiled.text)

    def _name(self, version: str) -> None:
        before = self.in_force
        self._mark(version).unlink(missing_ok=True)
        self._folder.write(self._named, f"{dialplan.FLOW} = {dialplan.FLOW_PREFIX}{version}\n")
        if before is not None and before != version:
            self._folder.write(self._mark(before), "")


def _oldest_channel(concise: str) -> float:
    """Epoch second in which the oldest channel began; the future where there is none."""
    now = time.time()
    ages = [
        int(fields[11])
        for line in concise.splitlines()
        if len(fields := line.split("!")) == 14 and fields[11].isdigit()
    ]
    return now - max(ages) - 1 if ages else float("inf")
