"""What is kept of a run that was broken off, and what the document says of it."""

from pathlib import Path

import pytest

from tests.bench import report, results
from tests.bench.results import Table, kept


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "DOCUMENT", tmp_path / "benchmarks.md")
    return tmp_path


def measure(table: Table, values: list[float], break_off_in: int = 0) -> None:
    for number in table.pairs_to_do():
        table.note({"first row": values[number - 1]})
        if number == break_off_in:
            raise KeyboardInterrupt
        table.note({"second row": 2 * values[number - 1]})


def test_a_run_that_was_broken_off_goes_on_after_its_last_whole_pair() -> None:
    with pytest.raises(KeyboardInterrupt):
        measure(Table("second", wanted=3), [1.0, 2.0, 3.0], break_off_in=2)
    assert len(kept("second").done) == 1  # type: ignore[union-attr]
    again = Table("second", wanted=3)
    measure(again, [0.0, 20.0, 30.0])
    assert again.values("first row") == [1.0, 20.0, 30.0]
    assert again.values("second row") == [2.0, 40.0, 60.0]


def test_other_code_begins_anew() -> None:
    with pytest.raises(KeyboardInterrupt):
        measure(Table("second", wanted=2, code="before"), [1.0, 2.0], break_off_in=2)
    again = Table("second", wanted=2, code="after")
    measure(again, [10.0, 20.0])
    assert again.values("first row") == [10.0, 20.0]


def test_a_run_in_the_report_is_over_and_one_with_pairs_to_do_is_not(folder: Path) -> None:
    measure(Table("first", wanted=1), [1.0])
    with pytest.raises(KeyboardInterrupt):
        measure(Table("second", wanted=2), [1.0, 2.0], break_off_in=2)
    report.write()
    assert "The run was broken off: 2 were wanted" in (folder / "benchmarks.md").read_text()
    first, second = Table("first", wanted=1), Table("second", wanted=2)
    measure(first, [10.0])
    measure(second, [0.0, 20.0])
    assert first.values("first row") == [10.0]
    assert second.values("first row") == [1.0, 20.0]


def test_a_table_of_an_older_kind_is_no_table(folder: Path) -> None:
    (folder / "first.json").write_text('{"name": "first", "rows": {}}')
    assert kept("first") is None


def test_a_table_that_was_not_measured_here_stays_in_the_document(folder: Path) -> None:
    measure(Table("first", wanted=1), [1.0])
    report.write()
    (folder / "first.json").unlink()
    measure(Table("second", wanted=1), [7.0])
    report.write()
    text = (folder / "benchmarks.md").read_text()
    assert text.index("| first row | 1.00 |") < text.index("## Many calls")
    report.write()
    assert (folder / "benchmarks.md").read_text() == text


def test_the_median_tells_whether_a_goal_is_met() -> None:
    table = Table("second", wanted=3)
    measure(table, [0.9, 0.97, 0.96])
    lines = report.as_lines(table, {"first row": ">= 0.95", "second row": "0"})
    assert "| first row | 0.96 | 0.90 – 0.97 | >= 0.95 | yes |" in lines
    assert "| second row | 1.92 | 1.80 – 1.94 | 0 | **no** |" in lines


@pytest.mark.parametrize(
    ("value", "goal", "met"),
    [(20.0, "<= 20", True), (20.1, "<= 20", False), (0.0, "0", True), (1.0, "0", False)],
)
def test_goals(value: float, goal: str, met: bool) -> None:
    assert report.is_met(value, goal) is met
