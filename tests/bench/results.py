"""What was measured, kept as JSON, so that one table can be made anew without the other."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.machine import machine

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("BENCH_DIR", ROOT / "var" / "bench"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "5"))


@dataclass
class Table:
    """One table: all its numbers are of one run, one value a row and pair."""

    name: str
    pairs: int = PAIRS
    rows: dict[str, list[float]] = field(default_factory=dict)
    # Said below the table: what has no row of numbers.
    notes: list[str] = field(default_factory=list)
    machine: str = field(default_factory=machine)
    at: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")

    def note(self, values: Mapping[str, float]) -> None:
        """Another pair's values."""
        for name, value in values.items():
            print(f"  {name}: {value:.3f}", flush=True)
            self.rows.setdefault(name, []).append(value)
        self.keep()

    def keep(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.__dict__, ensure_ascii=False, indent=1)
        (FOLDER / f"{self.name}.json").write_text(text, encoding="utf-8")


def kept(name: str) -> Table | None:
    """The last run of this table, if there was one."""
    try:
        found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Table(**found)
