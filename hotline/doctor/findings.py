"""Room hotline/doctor: what a check says, and what it is given to look at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.installation import Installation


class Level(StrEnum):
    """How bad it is; only `WRONG` makes the doctor's exit code 1."""

    WELL = "well"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One sentence, and what to do about it; each Chinese first, then English."""

    level: Level
    zh: str
    en: str
    do_zh: str = ""
    do_en: str = ""


def well(zh: str, en: str) -> Finding:
    return Finding(Level.WELL, zh, en)


def warning(zh: str, en: str, do_zh: str, do_en: str) -> Finding:
    return Finding(Level.WARNING, zh, en, do_zh, do_en)


def wrong(zh: str, en: str, do_zh: str, do_en: str) -> Finding:
    return Finding(Level.WRONG, zh, en, do_zh, do_en)


@dataclass
class Patient:
    """The installation, and what Asterisk's console has already answered."""

    installation: Installation
    _said: dict[str, str] = field(default_factory=dict)

    @property
    def asterisk_runs(self) -> bool:
        return self.installation.asterisk.is_running

    async def console(self, line: str) -> str:
        """One line of Asterisk's console, asked once."""
        if line not in self._said:
            self._said[line] = await self.installation.asterisk.command(line)
        return self._said[line]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session in the main database, which is closed at the end."""
        async with self.installation.opened_database() as opened, opened.reading() as session:
            yield session


NOT_ASKED = well("Asterisk 未运行,跳过", "not asked: Asterisk does not run")
