"""Room api: `python -m api.openapi` prints the OpenAPI document."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.health import PartHealth
from api.parts import ApiParts
from store.database import Database


async def _well() -> list[PartHealth]:
    return []


def example_app() -> FastAPI:
    """The application with nothing behind it."""
    return create_app(
        ApiParts(
            database=Database("sqlite:///never-opened.sqlite"), archive=Path("archive"),
            node="pbx", token_lifetime=timedelta(hours=1), nudge=lambda: None, health=_well,
        )
    )  # fmt: skip


def document_data() -> dict[str, Any]:
    return example_app().openapi()


def document() -> str:
    """The document, formatted so that changes can be read."""
    return json.dumps(document_data(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
