"""Room hotline/alarms: which states are wrong now, from what the parts say of themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hotline.health.reserve import Disk
from hotline.health.tables import PartState

SILENT = timedelta(seconds=10)
CEL_BEHIND_BYTES = 200_000


@dataclass(frozen=True)
class Wrong:
    """One state that is wrong at this moment."""

    alarm: str
    about: str
    detail: str

    @property
    def key(self) -> str:
        return f"{self.alarm}:{self.about}"


def wrong_states(
    parts: Sequence[PartState], at: datetime, disk: Disk, least: int, percent: float = 100.0
) -> list[Wrong]:
    """Everything that is wrong, in the order of the parts.

    The disk is nearly full with fewer than `least` bytes free, or more than `percent` used.
    """
    found = []
    if disk.free < least or disk.used_percent > percent:
        told = f"{disk.used_percent:.1f} % 已用 / used, {disk.free // 1_000_000} MB 可用 / free"
        found.append(Wrong("disk_low", "", told))
    for part in parts:
        if at - part.at > SILENT:
            since = f"{part.at.astimezone():%m-%d %H:%M:%S}"
            found.append(Wrong("part_silent", f"{part.part}@{part.node}", f"自 / since {since}"))
        # Silent too: what it called wrong last is not well because it says no more.
        if part.part == "controller":
            found += _of_controller(part.node, part.detail)
    return found


def _of_controller(node: str, says: dict[str, Any]) -> Iterator[Wrong]:
    if not says.get("asterisk"):
        yield Wrong("asterisk_down", node, "")
    elif not says.get("ami"):
        yield Wrong("ami_down", node, "")
    if says.get("disk_reserve") in ("spent", "gone"):
        yield Wrong("reserve_spent", node, "")
    if says.get("disk_reserve") == "gone":
        yield Wrong("recording_stopped", node, "")
    if says.get("forwarder_away_seconds", 0) > 0:
        waiting = says.get("unforwarded", 0)
        yield Wrong("forwarder_away", node, f"{waiting} 条等待 / facts wait")
    if says.get("cel_unread_bytes", 0) > CEL_BEHIND_BYTES:
        yield Wrong("cel_behind", node, f"{says['cel_unread_bytes']} bytes")
    for trunk, answers in dict(says.get("trunks", {})).items():
        if answers in (False, "down"):
            yield Wrong("trunk_down", f"{trunk}@{node}", "")
