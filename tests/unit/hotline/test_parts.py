"""A part loads its own modules and no other's, and knows all that may be stored."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.settings import ROOT
from store.known import ROOMS

# What takes long to load, and whose it is.
HEAVY = {"fastapi": "api", "uvicorn": "api", "huey": "work", "panoramisk": "controller"}
MODULES = {
    "controller": "hotline.controller_part",
    "api": "hotline.api_part",
    "work": "hotline.work_parts",
}


@pytest.mark.parametrize("part", MODULES)
def test_a_part_loads_what_it_needs(part: str) -> None:
    loaded = told(
        f"import hotline.cli, hotline.parts, {MODULES[part]}",
        "import sys; print(*sorted(sys.modules))",
    )
    assert {name for name in HEAVY if name in loaded} == {
        name for name, whose in HEAVY.items() if whose == part
    }


def test_a_part_knows_every_table_and_fact() -> None:
    known = told(
        "import hotline.parts; from store.known import import_all; import_all('tables', 'facts')",
        "from sqlalchemy.orm import configure_mappers; configure_mappers()",
        "from store.base import Base; from store.facts import Fact",
        "print(*(table.name for table in Base.metadata.sorted_tables))",
        "print(*(fact.__name__ for fact in Fact.__subclasses__()))",
    )
    written = [text for room in ROOMS for text in texts_of(ROOT / room)]
    tables = {name for text in written for name in re.findall(r'__tablename__ = "(\w+)"', text)}
    facts = {name for text in written for name in re.findall(r"^class (\w+)\(Fact\)", text, re.M)}
    assert len(tables) > 20
    assert len(facts) > 50
    assert tables | facts <= set(known)


def texts_of(room: Path) -> list[str]:
    return [file.read_text("utf-8") for file in room.rglob("*.py")]


def told(*lines: str) -> list[str]:
    """What a process of its own prints, in words."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.split()
