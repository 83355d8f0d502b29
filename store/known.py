"""Room store: every table and every kind of fact of the program, known to whoever asks for it.

A process that loads only some of the rooms may still read a fact of another, or a row that
refers to a table of another.
"""

import importlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("store", "telephony", "recording", "transcription", "casework", "api", "hotline")


def import_all(*files: str) -> list[str]:
    """Import each room's modules of these names (`tables`, `facts`); returns their full names."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ROOMS
        for file in files
        for path in sorted((ROOT / room).rglob(f"{file}.py"))
    ]
    for name in names:
        importlib.import_module(name)
    return names
