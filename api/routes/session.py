"""Room api: signing in and out."""

import math

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.accounts import LOCK, SignInFailed, TooManyTries, sign_in, sign_out
from api.brake import Brake
from api.parts import Asking, Bearer, Parts
from api.problems import Problem

router = APIRouter(tags=["session"])


class SignIn(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"username": "auditor", "password": "…"}}
    )

    username: str = Field(min_length=1, max_length=60, pattern=r"^[^\x00]+$")
    password: str = Field(min_length=1, max_length=200)


class Session(BaseModel):
    """Send the token as `Authorization: Bearer …`."""

    token: str
    expires_at: AwareDatetime
    username: str
    name: str
    role: str
    extension: str | None


@router.post("/sign-in", name="sign_in")
async def post_sign_in(request: Request, body: SignIn, parts: Parts) -> Session:
    """A token that expires; 401 for a wrong name or password, 429 after several of them."""
    brake: Brake = request.app.state.brake
    address = request.client.host if request.client else ""
    if wait := brake.try_now(body.username, address):
        raise _too_many(wait)
    try:
        secret, token, user = await sign_in(
            parts.database, body.username, body.password, parts.token_lifetime
        )
    except TooManyTries:
        raise _too_many(LOCK.total_seconds()) from None
    except SignInFailed:
        raise Problem(401, "用户名或密码错误 / wrong name or password") from None
    brake.was_right(body.username, address)
    return Session(
        token=secret, expires_at=token.expires_at, username=user.username, name=user.name,
        role=user.role, extension=user.extension,
    )  # fmt: skip


def _too_many(seconds: float) -> Problem:
    wait = str(math.ceil(seconds))
    return Problem(429, "尝试次数过多，请稍后再试 / too many tries", headers={"Retry-After": wait})


@router.post("/sign-out", name="sign_out", status_code=204)
async def post_sign_out(who: Asking, parts: Parts, bearer: Bearer) -> Response:
    """Revoke the token this request came with."""
    async with parts.database.transaction() as session:
        await sign_out(session, bearer.credentials if bearer else "")
    return Response(status_code=204)


class Me(BaseModel):
    user_id: str
    username: str
    name: str
    role: str
    extension: str | None


@router.get("/me", name="me")
async def get_me(who: Asking) -> Me:
    """The account of this token."""
    return Me(
        user_id=who.user_id, username=who.username, name=who.name, role=who.role.value,
        extension=who.extension,
    )  # fmt: skip
