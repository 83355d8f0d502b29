"""Room hotline/alarms: the addresses that are told, and telling one of them (apprise).

Addresses are secrets (a WeCom or DingTalk robot's key, a mail password): one apprise URL
a line in a file of the data folder that only this service's user may read.
"""

import asyncio
import logging
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from hotline.alarms.tables import Notice
from hotline.owed.ledger import Leased, finish
from store.database import Database

FILE = "alarm_urls"


class NotSent(RuntimeError):
    """An address did not take it; it is tried again."""


class BadAddress(ValueError):
    """A line that is no address apprise knows; the message names line or scheme, never the key."""


@dataclass(frozen=True)
class Target:
    """One address. `target_id` names it in rows and logs without its secret."""

    url: str = field(repr=False)

    @property
    def target_id(self) -> str:
        return sha256(self.url.encode()).hexdigest()[:8]

    @property
    def kind(self) -> str:
        return self.url.partition("://")[0]


@dataclass(frozen=True)
class Addresses:
    """What the file says; `mistakes` name a line, never what is in it."""

    targets: list[Target]
    mistakes: list[str]


def read_addresses(data_dir: Path) -> Addresses:
    """A bad line costs no other its place; nothing where there is no file."""
    found = Addresses([], [])
    try:
        # Other editors begin their UTF-8 with a mark, or write comments in GBK.
        lines = (data_dir / FILE).read_text("utf-8-sig", errors="replace").splitlines()
    except FileNotFoundError:
        return found
    except OSError as error:
        return Addresses([], [f"{FILE}: {error.strerror}"])
    for number, line in enumerate(lines, start=1):
        if (url := line.strip()) and not url.startswith("#"):
            if is_address(url):
                found.targets.append(Target(url))
            else:
                found.mistakes.append(
                    f"{FILE}: 第 {number} 行不是有效地址 / line {number}: no address"
                )
    return found


def read_targets(data_dir: Path) -> list[Target]:
    """All addresses, for whoever can mend the file. `BadAddress`."""
    addresses = read_addresses(data_dir)
    if addresses.mistakes:
        raise BadAddress("; ".join(addresses.mistakes))
    return addresses.targets


def add_target(data_dir: Path, url: str) -> Target:
    """Add an address to the file. `BadAddress`."""
    if not is_address(url) or "\n" in url:
        raise BadAddress(f"不是有效地址 / no address: {url.partition('://')[0][:20]}://…")
    target = Target(url)
    if target not in read_addresses(data_dir).targets:
        place = data_dir / FILE
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = place.read_bytes() if place.exists() else b""
        begin = "\n" if before and not before.endswith(b"\n") else ""
        handle = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(f"{begin}{url}\n")
    return target


def is_address(url: str) -> bool:
    """Whether apprise knows what to do with it."""
    return _asset(url) is not None


async def send(target: Target, level: str, title: str, body: str) -> None:
    """Tell one address now. `NotSent`."""
    told = _asset(target.url)
    if told is None or not await asyncio.to_thread(
        told.notify, body=body or title, title=title, notify_type=level
    ):
        raise NotSent(f"{target.kind} {target.target_id}")


def _asset(url: str) -> Any:
    """What apprise makes of one address; None where it knows no such kind."""
    import apprise  # slow to load, and only here is it used

    # Its warnings show whole URLs, and with them the keys.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    told = apprise.Apprise()
    return told if told.add(url) else None


class Notifying:
    """The worker's stage NOTIFY."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    async def do(self, database: Database, work: Leased) -> None:
        """Send one notice to one address; an address that was taken out is nobody's."""
        notice_id, _, target_id = work.call_id.partition(":")
        async with database.reading() as session:
            notice = await session.get_one(Notice, notice_id)
        addresses = read_addresses(self._data_dir)
        targets = {target.target_id: target for target in addresses.targets}
        if target_id in targets:
            await send(targets[target_id], notice.level, notice.title, notice.body)
        elif addresses.mistakes:  # it may be the line that is wrong for the moment
            raise BadAddress(addresses.mistakes[0])
        async with database.transaction() as session:
            await finish(session, work)
