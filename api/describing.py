"""Room api: what the OpenAPI document says beyond what FastAPI finds: problems and examples."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from api.examples import ANSWERS
from api.permissions import MATRIX

PROBLEM = "application/problem+json"
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reason": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_TITLES = {
    400: ("无法读取 / bad request", ""),
    401: ("请先登录 / sign in first", ""),
    403: ("无权限 / not permitted", "role liaison"),
    404: ("没有这个通话 / not found", "pbx-1764000000.12"),
    409: ("通话已结束", "pbx-1764000000.12"),
    410: ("录音封存不可读 / the sealed recording cannot be read", "pbx-1764000000.12"),
    413: ("内容过大 / too large", "2000000 bytes at most"),
    416: ("范围无效 / range not satisfiable", "bytes */412345"),
    422: ("提交的内容有误 / invalid request", "body.unit_id"),
    429: ("尝试次数过多，请稍后再试 / too many tries", ""),
    503: ("数据库暂不可用 / database away", "请稍后重试 / try again"),
}
_FLAC = {"schema": {"type": "string", "format": "binary"}}
_AUDIO = {
    "200": {"description": "the whole file", "content": {"audio/flac": _FLAC}},
    "206": {"description": "the bytes asked for", "content": {"audio/flac": _FLAC}},
}
_AUDIO_ROUTES = frozenset({"get_mix", "get_track", "get_recording_file"})
# Route name → the problems of its own, beyond those every route may have.
_OWN: dict[str, tuple[int, ...]] = {
    "sign_in": (401, 429),
    "connect": (409,),
    "handover": (409,),
    "cancel_connect": (409,),
    "mute_party": (409,),
    "put_aside": (409,),
    "remove_party": (409,),
    "listen": (409,),
    "operator_sign_in": (409,),
    "operator_sign_out": (409,),
    "operator_pause": (409,),
    "operator_ready": (409,),
    "put_skills": (409,),
    "ring_back": (404, 409),
    "add_matter": (409,),
    **dict.fromkeys(
        (
            "answer_suggestion",
            "dispatch_ticket",
            "sign_ticket",
            "return_ticket",
            "resolve_ticket",
            "call_back_ticket",
            "reopen_ticket",
        ),
        (409,),
    ),
    "get_recording": (410,),
    **dict.fromkeys(_AUDIO_ROUTES, (410, 416)),
}


def describe(app: FastAPI) -> None:
    """From now on `app.openapi()` tells everything."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_more(made())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _with_more(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM_SCHEMA
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in document["paths"].values():
        for operation in path.values():
            _complete(operation)
    return document


def _complete(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    answers = operation["responses"]
    if name in _AUDIO_ROUTES:
        answers.update(_AUDIO)
    for status in _statuses(operation, name):
        answers[str(status)] = _problem(status)
    for status, answer in answers.items():
        for media, content in answer.get("content", {}).items():
            if media == "application/json" and status.startswith("2"):
                content["example"] = ANSWERS[name]
    if name == "health":
        answers["503"] = {**answers["200"], "description": "at least one part is not well"}


def _statuses(operation: dict[str, Any], name: str) -> Iterator[int]:
    if MATRIX[name] is not None:
        yield from (401, 403)
    if name not in ("health", "replay_page"):
        yield 503
    if operation.get("parameters"):
        yield from (404, 422)
    if "requestBody" in operation:
        yield from (400, 413, 422)
    yield from _OWN.get(name, ())


def _problem(status: int) -> dict[str, Any]:
    title, detail = _TITLES[status]
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": title, "content": {PROBLEM: content}}
