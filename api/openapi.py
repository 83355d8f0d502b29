"""Room api: `python -m api.openapi` prints the OpenAPI document."""

import json
import sys
from datetime import timedelta
from pathlib import Path

from api.app import create_app
from api.health import PartHealth
from api.parts import ApiParts
from store.database import Database


async def _well() -> list[PartHealth]:
    return []


def document() -> str:
    """The document, formatted so that changes can be read."""
    parts = ApiParts(
        database=Database("sqlite:///:memory:"), archive=Path("archive"), node="pbx",
        token_lifetime=timedelta(hours=1), nudge=lambda: None, health=_well,
    )  # fmt: skip
    return json.dumps(create_app(parts).openapi(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
