"""docs/benchmarks.md, from what was kept of each table."""

import operator
import re
import statistics

from tests.bench import first_table, second_table
from tests.bench.results import ROOT, Table, kept

DOCUMENT = ROOT / "docs" / "benchmarks.md"
TABLES = (
    ("first", "One call, and CPU", first_table.GOALS),
    ("second", "Many calls", second_table.GOALS),
)
IS = {"<=": operator.le, ">=": operator.ge, "": operator.eq}


def write() -> None:
    """Write and print it. A table that was not measured here stays as the document has it."""
    before = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    lines = [
        "# Benchmarks", "",
        "Written by `make bench`; every number of one table comes from one run of it. A pair is "
        "ours and the bare Asterisk, one right after the other; median and spread of the pairs. "
        "A goal is met when the median meets it.",
    ]  # fmt: skip
    for name, title, goals in TABLES:
        table = kept(name)
        section = _section(before, title) if table is None else as_lines(table, goals)
        if section:
            lines += ["", f"## {title}", "", *section]
        if table is not None:
            table.close()
    text = "\n".join(lines) + "\n"
    DOCUMENT.write_text(text, encoding="utf-8")
    print(text)


def as_lines(table: Table, goals: dict[str, str]) -> list[str]:
    lines = [
        f"{table.began} to {table.ended}, {table.machine}. {_pairs(table)}", "",
        "| what | median | spread | goal | met |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    names = dict.fromkeys(name for pair in table.done for name in pair)
    # What has a goal first.
    for name in sorted(names, key=lambda name: name not in goals):
        values = table.values(name)
        digits = 2 if max(map(abs, values)) < 10 else 0
        median, low, high = (
            f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))
        )
        goal = goals.get(name, "")
        met = ("yes" if is_met(statistics.median(values), goal) else "**no**") if goal else ""
        lines.append(f"| {name} | {median} | {low} – {high} | {goal} | {met} |")
    for note in table.notes:
        lines += ["", note]
    return lines


def is_met(value: float, goal: str) -> bool:
    """`<= 20`, `>= 0.95`, or just a number."""
    sign, _, number = goal.rpartition(" ")
    return bool(IS[sign](value, float(number)))


def _pairs(table: Table) -> str:
    minutes = statistics.median(table.minutes)
    there = f"{len(table.done)} interleaved pair(s) of {minutes:.0f} minutes."
    if len(table.done) < table.wanted:
        there += f" The run was broken off: {table.wanted} were wanted."
    return there


def _section(text: str, title: str) -> list[str]:
    found = re.search(rf"^## {re.escape(title)}\n\n(.*?)(?=\n+## |\n*\Z)", text, re.S | re.M)
    return found[1].split("\n") if found else []
