"""Room api: puts the web application together. It knows nobody who runs it."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.routing import BaseRoute

from api import problems
from api.health import PartHealth
from api.parts import ApiParts
from api.permissions import MATRIX
from api.routes import calls, casework, desk, feed, recordings, session
from store.database import DatabaseAway

PAGES = Path(__file__).parent / "pages"
ROUTERS = (session, calls, desk, recordings, casework, feed)
# Nothing is loaded from elsewhere, and nobody may frame it.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# Nothing secret: the document of this interface, and the replay page's script and style.
UNRULED = frozenset({"openapi", "page_file"})
PAGE_FILES = {"replay.js": "text/javascript", "replay.css": "text/css"}


class RouteWithoutRule(RuntimeError):
    """A route nobody has said who may use it."""


def create_app(parts: ApiParts) -> FastAPI:
    """The application; every route is in `permissions.MATRIX` or this raises."""
    app = FastAPI(title="12345 热线 / hotline", version="1", docs_url=None, redoc_url=None)
    app.state.parts = parts
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    for module in ROUTERS:
        api.include_router(module.router)
    app.include_router(api)
    _add_pages(app)
    for name in route_names(app) - UNRULED:
        if name not in MATRIX:
            raise RouteWithoutRule(name)
    return app


def _all_routes(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Every route, also those that an included router still holds."""
    found: list[BaseRoute] = []
    for route in routes:
        router: APIRouter | None = getattr(route, "original_router", None)
        found += _all_routes(router.routes) if router is not None else [route]
    return found


def route_names(app: FastAPI) -> set[str]:
    """The names of all routes of this application."""
    return {getattr(route, "name", "") for route in _all_routes(app.routes)}


def _add_pages(app: FastAPI) -> None:
    @app.get("/healthz", name="health", tags=["health"])
    async def health(request: Request) -> Response:
        """The truth about each part; 503 where one is not well."""
        parts: ApiParts = request.app.state.parts
        try:
            found = await parts.health()
        except DatabaseAway as error:
            found = [PartHealth("database", False, str(error))]
        well = all(part.well for part in found)
        content: dict[str, Any] = {"well": well, "parts": [asdict(part) for part in found]}
        return JSONResponse(content, 200 if well else 503)

    @app.get("/replay/{call_id}", name="replay_page", response_class=HTMLResponse)
    async def replay_page(call_id: str) -> Response:
        """A plain page on which an auditor hears the tracks beside the transcript."""
        headers = {"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse((PAGES / "replay.html").read_text("utf-8"), headers=headers)

    @app.get("/pages/{name}", name="page_file", include_in_schema=False)
    async def page_file(name: str) -> Response:
        if name not in PAGE_FILES:
            raise problems.Problem(404, "not found")
        return Response((PAGES / name).read_text("utf-8"), media_type=PAGE_FILES[name])


__all__ = ["ApiParts", "create_app"]
