"""Room store: `python -m store.new_revision "what changes"` writes a migration.

Compares every `tables.py` of the repository with a database migrated so far.
"""

import sys
import tempfile

from alembic import command
from sqlalchemy import create_engine

from store.known import import_all
from store.migrating import alembic_config


def main(message: str) -> None:
    """Write the revision that leads from the newest migration to today's tables."""
    import_all("tables")
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/scratch.sqlite")
        with engine.connect() as connection:
            config = alembic_config(connection)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
