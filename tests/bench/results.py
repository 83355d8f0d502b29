"""What was measured, kept as JSON pair by pair: a run that was broken off goes on at its next pair.

It goes on only with the same code on the same machine; otherwise, and after a run that came to
its end with its report, a new one begins. What is kept stays until the new run has a whole pair.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.machine import machine

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("BENCH_DIR", ROOT / "var" / "bench"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "5"))
# What a measurement depends on.
CODE = (
    "asterisk_conf", "telephony", "recording", "transcription", "casework", "store", "hotline",
    "simulator", "tests/bench", "tests/e2e/stage.py", "requirements",
)  # fmt: skip


@cache
def code() -> str:
    """One hash of everything that is measured and that measures."""
    total = hashlib.sha256()
    for name in CODE:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


@dataclass
class Table:
    """One table: all its pairs were measured with one code on one machine."""

    name: str
    wanted: int = PAIRS
    # One a pair: row → value.
    done: list[dict[str, float]] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    # Said below the table: what has no row of numbers.
    notes: list[str] = field(default_factory=list)
    machine: str = field(default_factory=machine)
    code: str = field(default_factory=code)
    began: str = field(default_factory=_now)
    ended: str = ""
    # Whole, and in the report: the next run is a new one.
    reported: bool = False
    _pair: dict[str, float] = field(default_factory=dict)

    def pairs_to_do(self) -> Iterator[int]:
        """The number of each pair still to be measured; one that breaks off leaves nothing."""
        self._go_on()
        while len(self.done) < self.wanted:
            number = len(self.done) + 1
            print(f"{self.name} table, pair {number} of {self.wanted}", flush=True)
            began, self._pair = time.monotonic(), {}
            yield number
            self.done.append(self._pair)
            self.minutes.append((time.monotonic() - began) / 60)
            self.ended = _now()
            self._keep()
            print(f"  pair {number} took {self.minutes[-1]:.1f} minutes", flush=True)

    def note(self, values: Mapping[str, float]) -> None:
        """More of this pair."""
        for name, value in values.items():
            print(f"  {name}: {value:.3f}", flush=True)
        self._pair |= values

    def values(self, row: str) -> list[float]:
        """Of every pair that has this row."""
        return [pair[row] for pair in self.done if row in pair]

    def _go_on(self) -> None:
        """Where the last run stopped, if it was this one."""
        found = kept(self.name)
        if found is None or found.reported:
            return
        if (found.code, found.machine) == (self.code, self.machine):
            self.done, self.minutes = found.done, found.minutes
            self.began, self.ended = found.began, found.ended
            print(f"{self.name} table: {len(self.done)} pair(s) are there already", flush=True)

    def close(self) -> None:
        """It is in the report; if it is whole, no later run goes on with it."""
        if len(self.done) >= self.wanted:
            self.reported = True
            self._keep()

    def _keep(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        fields = {name: value for name, value in asdict(self).items() if name != "_pair"}
        text = json.dumps(fields, ensure_ascii=False, indent=1)
        new = FOLDER / f"{self.name}.json.new"
        new.write_text(text, encoding="utf-8")
        new.replace(FOLDER / f"{self.name}.json")


def kept(name: str) -> Table | None:
    """What there is of this table, if anything."""
    try:
        return Table(**json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError):  # none, or one of an older kind
        return None
