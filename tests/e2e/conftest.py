"""Which story is told first: one that may take long, so that none of those is left to the end."""

import pytest

SHORT = 180.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_may_take, reverse=True)


def _may_take(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else SHORT
