"""Room api: `/metrics` for Prometheus, for administrators and for the scraper's own token.

Never open to whoever comes from this machine: behind a reverse proxy that is everybody.
"""

from secrets import compare_digest

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from api.parts import Bearer, Parts, allowed

MEDIA_TYPE = "text/plain; version=1.0.0; charset=utf-8"


def install(app: FastAPI) -> None:
    """Put the route into the application."""
    app.add_api_route(
        "/metrics", _metrics, name="metrics", tags=["health"], response_class=PlainTextResponse
    )


async def _metrics(request: Request, parts: Parts, bearer: Bearer) -> PlainTextResponse:
    """What the service counts and measures, as Prometheus reads it."""
    given = bearer.credentials.encode() if bearer else b""
    if not parts.metrics_token or not compare_digest(given, parts.metrics_token.encode()):
        await allowed(request, parts, bearer)
    return PlainTextResponse(await parts.metrics(), media_type=MEDIA_TYPE)
