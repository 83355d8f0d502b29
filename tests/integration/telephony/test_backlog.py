"""A controller that was away for long: all that Asterisk wrote meanwhile is read before it acts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from store.node_journal import NodeJournal
from telephony.ami.actions import Status
from telephony.ami.messages import RawEvent, Unknown
from telephony.cel.file import CelFile
from telephony.controller import Controller
from telephony.reconcile import Reconciler
from telephony.registry import Registry
from tests.e2e.stage import until
from tests.unit.telephony.cel.test_file import line

# More than two of the reader's pieces of 4 MiB, each line a call's end that means nothing.
MANY = range(1, 70_001)


class Link:
    """The manager link, as far as a controller without calls asks it."""

    is_up = True

    def __init__(self, *answers: list[RawEvent] | Unknown) -> None:
        self._answers = list(answers)

    async def listing(self, _: Status) -> list[RawEvent] | Unknown:
        return self._answers.pop(0)


class Hands:
    def __init__(self, link: Link) -> None:
        self.link = link


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(NodeJournal(tmp_path / "journal.sqlite", "pbx"), "pbx")


def controller_of(registry: Registry, cel: CelFile, link: Link) -> Controller:
    parts: list[Any] = [Hands(link), None, Reconciler(link, registry)]  # type: ignore[arg-type]
    return Controller(registry, cel, *parts, lambda _: None)


@pytest.mark.parametrize("renamed", [False, True])
async def test_nothing_is_begun_before_all_is_read(
    tmp_path: Path, registry: Registry, renamed: bool
) -> None:
    path = tmp_path / "cel.csv"
    path.write_bytes(b"".join(line(n) for n in MANY))
    if renamed:
        path.rename(tmp_path / "cel.csv.1")
        path.write_bytes(line(100_001))
    cel = CelFile(path)
    controller = controller_of(registry, cel, Link())
    running = asyncio.create_task(controller.run())
    async with asyncio.timeout(60):
        await controller.caught_up.wait()
    assert cel.unread(registry.mark) == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_asterisk_is_asked_again_for_its_channels(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "cel.csv").write_bytes(line(1))
    link = Link(Unknown("no answer in time"), [])
    controller = controller_of(registry, CelFile(tmp_path / "cel.csv"), link)
    running = asyncio.create_task(controller.run())
    controller.link_up()
    await until(
        lambda: registry.journal.newest_of("controller_started"), 10, "the calls are compared"
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
