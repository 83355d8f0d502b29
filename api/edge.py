"""Room api: what holds for every request before any route: a size limit, and headers.

Plain ASGI, so that streamed recordings pass through untouched.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, problem_answer

MOST_BYTES = 2_000_000
TOO_LARGE = Problem(413, "内容过大 / too large", f"{MOST_BYTES} bytes at most")


class Edge:
    """Refuses bodies over `MOST_BYTES`; keeps answers out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_BYTES:
                # Of this class, as FastAPI makes a 400 of any other.
                raise HTTPException(413, TOO_LARGE.title)
            return message

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
            await send(message)

        if stated.isdecimal() and len(stated) < 20 and int(stated) > MOST_BYTES:
            await problem_answer(TOO_LARGE)(scope, receive, marked)
        else:
            await self._app(scope, limited, marked)
