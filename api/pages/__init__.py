"""Room api: the pages that come with the service, without build tools or anything from outside."""

from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Response
from fastapi import Path as PathParam
from fastapi.responses import HTMLResponse

from api.problems import Problem

HERE = Path(__file__).parent
# Nothing is loaded from elsewhere, and nobody may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'none'"
)
FILES = {"replay.js": "text/javascript", "replay.css": "text/css"}


def install(app: FastAPI) -> None:
    """Add the pages' routes."""
    app.add_api_route(
        "/replay/{call_id}", _replay, name="replay_page", tags=["pages"],
        response_class=HTMLResponse,
    )  # fmt: skip
    app.add_api_route("/pages/{name}", _file, name="page_file", include_in_schema=False)


async def _replay(call_id: Annotated[str, PathParam(max_length=80)]) -> Response:
    """A plain page on which an auditor hears the tracks beside the transcript."""
    headers = {"Content-Security-Policy": POLICY}
    return HTMLResponse((HERE / "replay.html").read_text("utf-8"), headers=headers)


async def _file(name: str) -> Response:
    if name not in FILES:
        raise Problem(404, "没有这个文件 / not found")
    return Response((HERE / name).read_text("utf-8"), media_type=FILES[name])
