"""Room api: every error as problem details (RFC 9457)."""

import traceback
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from store.database import DatabaseAway

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Raise it anywhere below a route. `more` becomes extension members."""

    def __init__(
        self, status: int, title: str, detail: str = "", *, headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(title)
        self.status, self.title, self.detail, self.more = status, title, detail, more
        self.headers = headers or {}


def _answer(
    status: int, title: str, detail: str = "", headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def problem_answer(error: Problem) -> JSONResponse:
    """The answer to this problem."""
    challenge = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    headers = {**challenge, **error.headers}
    return _answer(error.status, error.title, error.detail, headers, **error.more)


async def _problem(_: Request, error: Problem) -> JSONResponse:
    return problem_answer(error)


async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    fields = [
        {"field": ".".join(str(part) for part in mistake["loc"]), "text": mistake["msg"]}
        for mistake in error.errors()
    ]
    return _answer(422, "提交的内容有误 / invalid request", fields[0]["field"], errors=fields)


# Statuses that are raised by the framework, in words for those who see them.
TITLES = {
    400: "无法读取请求 / the request cannot be read",
    404: "没有这个地址 / not found",
    405: "不支持的方法 / method not allowed",
}


async def _http(_: Request, error: HTTPException) -> JSONResponse:
    title = TITLES.get(error.status_code, str(error.detail))
    return _answer(error.status_code, title, headers=dict(error.headers or {}))


async def _away(_: Request, error: DatabaseAway) -> JSONResponse:
    log.error("database_away", reason=str(error))
    return _answer(
        503, "数据库暂不可用 / database away", "请稍后重试 / try again", {"Retry-After": "2"}
    )


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # Where it happened, not with what: an error's own text may hold a citizen's number.
    where = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    log.error("request_failed", path=request.url.path, error=type(error).__name__, where=where[-6:])
    return _answer(500, "内部错误 / internal error")


def install(app: FastAPI) -> None:
    """Every way a request can fail answers in this form."""
    app.add_exception_handler(Problem, _problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(DatabaseAway, _away)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _unexpected)
