"""Room api: what the wiring gives to the web application, and what every route starts with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Who, who_is
from api.health import PartHealth
from api.permissions import MATRIX
from api.problems import Problem
from casework.suggestions.reading import own_words
from casework.suggestions.words import WordList
from casework.tickets.life import Terms
from store.database import Database


async def _no_metrics() -> bytes:
    return b""


@dataclass(frozen=True)
class ApiParts:
    """Made in `hotline/`."""

    database: Database
    archive: Path
    node: str
    token_lifetime: timedelta
    nudge: Callable[[], None]
    health: Callable[[], Awaitable[list[PartHealth]]]
    metrics: Callable[[], Awaitable[bytes]] = _no_metrics
    # A scraper's own token, beside an administrator's; empty: administrators alone.
    metrics_token: str = ""
    # What an operator may be asked for, and why they may pause.
    skills: tuple[str, ...] = ("petition", "english")
    pause_reasons: tuple[str, ...] = ("午休", "用餐", "培训", "会议", "整理工单")
    # What suggestions may be changed to, and how long each step of a ticket may take.
    words: WordList = field(default_factory=own_words)
    terms: Terms = field(default_factory=Terms)


def parts_of(request: Request) -> ApiParts:
    parts: ApiParts = request.app.state.parts
    return parts


Parts = Annotated[ApiParts, Depends(parts_of)]
_bearer = HTTPBearer(auto_error=False)
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _reading(parts: Parts) -> AsyncIterator[AsyncSession]:
    async with parts.database.reading() as session:
        yield session


Reading = Annotated[AsyncSession, Depends(_reading)]


async def allowed(request: Request, parts: Parts, bearer: Bearer) -> Who:
    """Who asks, if their role may use this route. 401 or 403 else."""
    async with parts.database.reading() as session:
        who = await who_is(session, bearer.credentials) if bearer else None
    if who is None:
        raise Problem(401, "请先登录 / sign in first")
    roles = MATRIX[request.scope["route"].name]
    if roles is not None and who.role not in roles:
        raise Problem(403, "无权限 / not permitted", f"role {who.role.value}")
    return who


Asking = Annotated[Who, Depends(allowed)]
