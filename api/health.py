"""Room api: the truth about each part, for /healthz."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from store import journal
from store.database import Database, DatabaseAway

# A monitor asks every few seconds; no answer is an answer.
PATIENCE = 6.0


@dataclass(frozen=True)
class PartHealth:
    """`detail` says in words what is wrong; empty where all is well."""

    name: str
    well: bool
    detail: str


@dataclass(frozen=True)
class Health:
    """`journal`: the number of the newest fact; None where the database is away."""

    well: bool
    journal: int | None
    parts: list[PartHealth]


async def look(database: Database, others: Callable[[], Awaitable[list[PartHealth]]]) -> Health:
    """The database, the journal in it, and the parts that the wiring asks for."""
    try:
        async with asyncio.timeout(PATIENCE):
            async with database.reading() as session:
                number = await journal.newest(session)
            parts = [PartHealth("database", True, ""), *await others()]
    except TimeoutError:
        return Health(False, None, [PartHealth("database", False, "no answer in time")])
    except DatabaseAway:  # its text may name a server or a folder: not for everybody
        return Health(False, None, [PartHealth("database", False, "away")])
    except SQLAlchemyError as error:
        return Health(False, None, [PartHealth("database", False, type(error).__name__)])
    return Health(all(part.well for part in parts), number, parts)
