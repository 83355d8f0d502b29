"""docs/benchmarks.md, from what the last run of each table left."""

import statistics

from tests.bench import first_table, second_table
from tests.bench.results import ROOT, Table, kept

DOCUMENT = ROOT / "docs" / "benchmarks.md"


def write() -> None:
    """Write and print it."""
    lines = [
        "# Benchmarks", "",
        "Written by `make bench`; every number of one table comes from one run of it. A pair is "
        "ours and the bare Asterisk, one right after the other; median and spread of the pairs.",
    ]  # fmt: skip
    for name, title, goals in (
        ("first", "One call, and CPU", first_table.GOALS),
        ("second", "Many calls", second_table.GOALS),
    ):
        table = kept(name)
        if table is not None:
            lines += ["", f"## {title}", "", *_table(table, goals)]
    text = "\n".join(lines) + "\n"
    DOCUMENT.write_text(text, encoding="utf-8")
    print(text)


def _table(table: Table, goals: dict[str, str]) -> list[str]:
    lines = [
        f"{table.at}, {table.machine}. {table.pairs} interleaved pairs.", "",
        "| what | median | spread | goal |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    # What has a goal first.
    for name in sorted(table.rows, key=lambda name: name not in goals):
        values = table.rows[name]
        digits = 2 if max(map(abs, values)) < 10 else 0
        median, low, high = (
            f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))
        )
        lines.append(f"| {name} | {median} | {low} – {high} | {goals.get(name, '')} |")
    for note in table.notes:
        lines += ["", note]
    return lines
