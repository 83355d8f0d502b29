"""Which story is told first, and when it may begin.

The stories run beside one another and are of the real world: a telephone that is answered a second
late is another story. So a machine that is slow today is asked for fewer at a time, not for more.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import at_work

SHORT = 180.0
SHORT_BETWEEN = 5
DOOR = Path(tempfile.gettempdir()) / f"hotline-test-door-{os.getuid()}"
CORES = os.cpu_count() or 1
FULL, QUIET = 4.0 * CORES, 0.5 * CORES  # threads that run or wait to
# Seconds one story waits at most, and all that a process tells: strangers may be at work for ever.
LONGEST, LONGEST_OF_ALL = 20.0, 100.0
LONGEST_FOR_QUIET = 60.0  # meanwhile nothing begins, so what runs has an end
LOOK = 0.5
_waited = [0.0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that may take long are told early, so that none is left to the end; but spread, for
    most of them keep the processors busy as well."""
    long = sorted((one for one in items if _may_take(one) > SHORT), key=_may_take, reverse=True)
    short = [one for one in items if _may_take(one) <= SHORT]
    places = {id(one): (n * SHORT_BETWEEN, 0) for n, one in enumerate(long)}
    places |= {id(one): (n, 1) for n, one in enumerate(short)}
    items.sort(key=lambda one: places[id(one)])


def _may_take(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else SHORT


@pytest.fixture(autouse=True)
def its_turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """One after another through the door, and only while the processors have time.

    A story marked `measures_time` waits until there is much of it, and keeps the door shut.
    """
    _is_in_its_row(request.node)
    quiet = request.node.get_closest_marker("measures_time") is not None
    with _door():
        if quiet:
            _wait_until_not_more_than(QUIET, LONGEST_FOR_QUIET)
            yield
        else:
            begun = time.monotonic()
            _wait_until_not_more_than(FULL, min(LONGEST, LONGEST_OF_ALL - _waited[0]))
            _waited[0] += time.monotonic() - begun
    if not quiet:
        yield


def _is_in_its_row(item: pytest.Item) -> None:
    """Stories of a group come one after another: some releases of pytest and xdist forget the
    groups, and say nothing of it."""
    group = item.get_closest_marker("xdist_group")
    if group is not None and getattr(item.config.option, "loadgroup", False):
        assert item.nodeid.endswith(f"@{group.args[0]}"), "xdist has forgotten this story's group"


def _wait_until_not_more_than(threads: float, seconds: float) -> None:
    until = time.monotonic() + seconds
    while at_work(LOOK) > threads and time.monotonic() < until:
        pass


@contextmanager
def _door() -> Iterator[None]:
    """Only one process at a time is in here; the kernel opens it again when that one dies."""
    with DOOR.open("a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
