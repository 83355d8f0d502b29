"""Room api: puts the web application together. It knows nobody who runs it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api import metrics, pages, problems
from api.brake import Brake
from api.describing import describe
from api.edge import Edge
from api.health import look
from api.parts import ApiParts
from api.permissions import MATRIX
from api.routes import (
    calls,
    casework,
    commands,
    desk,
    feed,
    in_call,
    recordings,
    ringbacks,
    session,
    ticket_steps,
    tickets,
)
from api.tail import Tail

ROUTERS = (
    session, calls, in_call, commands, ringbacks, desk, recordings, tickets, ticket_steps, casework,
    feed,
)  # fmt: skip
# Nothing secret: the document of this interface, and the replay page's script and style.
UNRULED = frozenset({"openapi", "page_file"})


class RouteWithoutRule(RuntimeError):
    """A route nobody has said who may use it."""


def create_app(parts: ApiParts) -> FastAPI:
    """The application; every route is in `permissions.MATRIX` or this raises."""
    app = FastAPI(
        title="12345 热线 / hotline", version="1", docs_url=None, redoc_url=None,
        lifespan=_lifespan, generate_unique_id_function=_name,
    )  # fmt: skip
    app.state.parts = parts
    app.state.tail = Tail(parts.database)
    app.state.brake = Brake()
    app.add_middleware(Edge)
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    for module in ROUTERS:
        api.include_router(module.router)
    app.include_router(api)
    app.add_api_route("/healthz", _health, name="health", tags=["health"])
    metrics.install(app)
    pages.install(app)
    for name in route_names(app) - UNRULED:
        if name not in MATRIX:
            raise RouteWithoutRule(name)
    describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.tail.running():
        yield


def _name(route: APIRoute) -> str:
    return route.name


def all_routes(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Every route, also those that an included router still holds."""
    found: list[BaseRoute] = []
    for route in routes:
        router: APIRouter | None = getattr(route, "original_router", None)
        found += all_routes(router.routes) if router is not None else [route]
    return found


def route_names(app: FastAPI) -> set[str]:
    """The names of all routes of this application."""
    return {getattr(route, "name", "") for route in all_routes(app.routes)}


async def _health(request: Request) -> Response:
    """The truth about each part; 503 where one is not well."""
    parts: ApiParts = request.app.state.parts
    found = await look(parts.database, parts.health)
    content: dict[str, Any] = asdict(found)
    return JSONResponse(content, 200 if found.well else 503)


__all__ = ["ApiParts", "create_app"]
