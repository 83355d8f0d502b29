"""Room store: `python -m store.new_revision "what changes"` writes a migration.

Compares every `tables.py` of the repository with a database migrated so far.
"""

import importlib
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from store.migrating import alembic_config

ROOT = Path(__file__).parents[1]
ROOMS = ("store", "telephony", "recording", "transcription", "casework", "api", "hotline")


def import_all_tables() -> list[str]:
    """Import each room's tables; returns the modules' names."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("tables.py"))
    ]
    for name in names:
        importlib.import_module(name)
    return names


def main(message: str) -> None:
    """Write the revision that leads from the newest migration to today's tables."""
    import_all_tables()
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/scratch.sqlite")
        with engine.connect() as connection:
            config = alembic_config(connection)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
