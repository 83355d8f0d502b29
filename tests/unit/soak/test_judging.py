"""What a soak counts as lost beside what was never sent."""

import pytest

from tests.soak.judging import Span, split


@pytest.mark.parametrize(
    ("missing", "silent", "rest"),
    [
        ([(100.1, 5.2)], [5.2], []),  # as long as nothing was sent
        ([(102.4, 5.2)], [5.2], []),  # carried out late: in another place, as long
        ([(50.0, 0.1), (100.0, 5.0)], [5.0], [(50.0, 0.1)]),  # a loss of another time is one
        ([(100.0, 7.0)], [7.0], [(105.0, 2.0)]),  # two seconds more than were not sent
        ([], [0.0], []),  # it never took effect: told by its silence of no length
    ],
)
def test_what_was_not_sent_is_not_lost(
    missing: list[Span], silent: list[float], rest: list[Span]
) -> None:
    assert split(missing, [(100.0, 105.0)]) == (silent, rest)
