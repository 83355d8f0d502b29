"""What a soak is asked for, from the environment; every mistake named."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Plan:
    """`minutes` in all; in the first part of them each fault `faults` times, then none."""

    minutes: float = 60.0
    faults: int = 20
    operators: int = 20
    every_seconds: float = 2.5
    talk_seconds: float = 30.0
    # Each fault finds at least this many calls on the line.
    live: int = 4
    disk_mb: int = 6000
    # For what is owed when the last call is over.
    settle_seconds: float = 600.0


def read_plan(environment: Mapping[str, str] = os.environ) -> Plan:
    """`SOAK_MINUTES`, `SOAK_FAULTS`, `SOAK_OPERATORS`, …: the names of the plan's fields."""
    given: dict[str, float] = {}
    for field in fields(Plan):
        name = f"SOAK_{field.name.upper()}"
        if name in environment:
            try:
                given[field.name] = type(getattr(Plan(), field.name))(environment[name])
            except ValueError:
                raise SystemExit(f"{name}: not a number: {environment[name]!r}") from None
            if given[field.name] < 0:
                raise SystemExit(f"{name}: less than nothing: {environment[name]}")
    return replace(Plan(), **given)  # type: ignore[arg-type]
