"""Which story is told first, and when it may begin.

The stories run beside one another and are of the real world: a telephone that is answered a second
late is another story. So a machine that is slow today is asked for fewer at a time, not for more.
"""

import fcntl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import share_waiting

SHORT = 180.0
DOOR = Path(tempfile.gettempdir()) / "hotline-test-door"
FULL = 0.75  # of the time somebody waits for a processor: all of them are taken
QUIET = 0.3
LONGEST = 45.0  # seconds: strangers may keep a machine full for ever
LOOK = 0.5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One that may take long is told early, so that none of those is left to the end."""
    items.sort(key=_may_take, reverse=True)


def _may_take(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else SHORT


@pytest.fixture(autouse=True)
def its_turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """One after another through the door, and only while the processors have time.

    A story marked `measures_time` waits until there is much of it, and keeps the door shut.
    """
    quiet = request.node.get_closest_marker("measures_time") is not None
    with _door():
        until = time.monotonic() + LONGEST
        while share_waiting(LOOK) > (QUIET if quiet else FULL) and time.monotonic() < until:
            pass
        if quiet:
            yield
    if not quiet:
        yield


@contextmanager
def _door() -> Iterator[None]:
    """Only one process at a time is in here; the kernel opens it again when that one dies."""
    with DOOR.open("a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
