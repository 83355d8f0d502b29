"""Room hotline: what every command starts and fails with."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

from hotline.settings import Settings, SettingsWrong, load_settings

if TYPE_CHECKING:  # every part starts through the command line: what it loads, each part loads
    from contextlib import AbstractAsyncContextManager

    from hotline.installation import Installation
    from store.database import Database
    from store.facts import Fact

Made = TypeVar("Made")


def fail(text: str, code: int = 1) -> NoReturn:
    """Say in red what is wrong, and end."""
    typer.secho(text, fg=typer.colors.RED, err=True)
    raise typer.Exit(code)


def settings() -> Settings:
    """The settings, or every mistake in them and the end."""
    try:
        return load_settings()
    except SettingsWrong as wrong:
        fail(str(wrong))


def installation() -> Installation:
    """Folders, secrets, addresses."""
    from hotline.installation import Installation

    return Installation(settings())


def opened_database() -> AbstractAsyncContextManager[Database]:
    """The main database, closed at the end."""
    return installation().opened_database()


def run(work: Coroutine[Any, Any, Made]) -> Made:
    """Run a command's work; a database that is away or empty is told in one line."""
    from sqlalchemy.exc import SQLAlchemyError

    from store.database import DatabaseAway

    try:
        return asyncio.run(work)
    except DatabaseAway as away:
        fail(f"数据库暂不可用 / database away: {away}")
    except SQLAlchemyError as error:
        fail(f"数据库尚未建好?先 bin/hotline up / no tables yet?: {type(error).__name__}")


async def write_down(fact: Fact) -> None:
    """Append what was done; where the main database cannot be reached, say so and go on.

    What people hear must be changeable on the worst day, too.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from store import journal
    from store.database import DatabaseAway

    try:
        async with opened_database() as database, database.transaction() as session:
            await journal.append(session, fact)
    except (DatabaseAway, SQLAlchemyError) as error:
        typer.secho(
            f"未能记入主库 / not written down, the database: {type(error).__name__}",
            fg=typer.colors.YELLOW, err=True,
        )  # fmt: skip


def who() -> str:
    """The account of the machine behind this command, for the facts that name somebody."""
    name = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"cli:{name}"[:80]
