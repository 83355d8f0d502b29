"""The soak's small mathematics, against numbers known from elsewhere."""

import pytest

from tests.soak.chances import growth_per_hour, upper_bound
from tests.soak.counting import count
from tests.soak.lines import Lines


@pytest.mark.parametrize(
    ("bad", "tries", "bound"),
    [
        (0, 20, 0.1391),  # 1 - 0.05 ** (1 / 20)
        (0, 300, 0.00994),  # the rule of three: about 3 / 300
        (1, 10, 0.3942),
        (5, 5, 1.0),
        (0, 0, 1.0),
    ],
)
def test_the_bound_is_clopper_and_pearsons(bad: int, tries: int, bound: float) -> None:
    assert upper_bound(bad, tries) == pytest.approx(bound, abs=2e-4)


def test_growth_is_told_per_hour() -> None:
    slope, error = growth_per_hour([0, 900, 1800, 3600], [10, 11, 12, 14])
    assert slope == pytest.approx(4.0)
    assert error == pytest.approx(0.0, abs=1e-6)


def test_a_loss_belongs_to_the_fault_it_falls_in(tmp_path) -> None:  # type: ignore[no-untyped-def]
    lines = Lines(tmp_path)
    for name, began in (("controller killed", 100.0), ("Asterisk killed", 120.0)):
        lines.write("faults", fault=name, began=began, over=began + 2, problem="", well_after=1.0)
    lines.write(
        "calls", number=1, citizen="x", dialled=95.0, answered=95.1, over=121.0,
        how="hung_up", joined=None,
    )  # fmt: skip
    leg = {"role": "citizen", "talk": 25.0, "missing": [[118.5, 1.5]], "files": 1}
    lines.write(
        "judged", number=1, call_id="c", tickets=1, owed=False, sealed=True, line_broke=True,
        legs=[leg],
    )  # fmt: skip
    found = count(lines)
    assert found["controller killed"].calls == found["Asterisk killed"].calls == 1
    assert (found["controller killed"].dropped, found["Asterisk killed"].dropped) == (0, 1)
    assert (found["controller killed"].lost, found["Asterisk killed"].lost) == ([], [1.5])
