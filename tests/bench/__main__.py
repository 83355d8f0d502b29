"""`make bench`: both tables, then docs/benchmarks.md.

BENCH_TABLE=1 or 2: one of them. BENCH_PAIRS: how many pairs (5). Broken off, the same command
goes on after the last whole pair; `python -m tests.bench report` writes what there is.
"""

import asyncio
import logging
import os
import sys

import structlog

from tests.bench import first_table, report, second_table
from tests.bench.transcribing import transcribe_for_ever


def main(words: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if words == ["transcribe"]:
        transcribe_for_ever()
    wanted = os.environ.get("BENCH_TABLE", "")
    if wanted not in ("", "1", "2"):
        raise SystemExit(f"BENCH_TABLE: 1 or 2, not {wanted!r}")
    if words != ["report"]:
        if wanted != "2":
            asyncio.run(first_table.measure())
        if wanted != "1":
            asyncio.run(second_table.measure())
    report.write()


if __name__ == "__main__":
    main(sys.argv[1:])
