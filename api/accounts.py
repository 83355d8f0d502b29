"""Room api: accounts, passwords (argon2), tokens that expire and can be revoked."""

import asyncio
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pwdlib import PasswordHash
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.facts import SignedIn, SignedOut, SignInRefused
from api.permissions import Role
from api.tables import Token, User
from store import journal
from store.base import new_id, now
from store.database import Database

_HASHER = PasswordHash.recommended()
UNIT_ID = r"[a-z][a-z0-9_-]{0,39}"
# Compared with where the name is nobody's, so that both answers take the same time.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))
# argon2 is made to be slow: no more than this many at once, or tries would take every core.
_HASHERS = ThreadPoolExecutor(2, "argon2")
# Wrong passwords from anywhere; the brake (`api/brake.py`) holds single addresses much earlier.
FREE_FAILURES = 30
LOCK = timedelta(minutes=1)


class BadAccount(ValueError):
    """The account cannot be made; the message says which field and why."""


class SignInFailed(PermissionError):
    """Wrong name or password: which of them is not told."""


class TooManyTries(PermissionError):
    """This account is locked for a moment."""


@dataclass(frozen=True)
class Who:
    """The person a request comes from, until when."""

    user_id: str
    username: str
    name: str
    role: Role
    extension: str | None
    expires_at: datetime
    unit_id: str | None = None


async def add_user(
    session: AsyncSession, username: str, *, name: str, role: str, password: str,
    extension: str | None = None, unit_id: str | None = None,
) -> User:  # fmt: skip
    """Make the account, or change the one of this name. `BadAccount`."""
    if not re.fullmatch(r"[a-z][a-z0-9._-]{1,59}", username):
        raise BadAccount(f"username: {username!r} must be 2 to 60 of a-z, 0-9, . _ -")
    if role not in set(Role):
        raise BadAccount(f"role: {role!r} is none of {', '.join(Role)}")
    if unit_id is not None and not re.fullmatch(UNIT_ID, unit_id):
        raise BadAccount(f"unit: {unit_id!r} is no unit's id")
    if len(password) < 8:
        raise BadAccount("password: at least 8 characters")
    user = await session.scalar(select(User).where(User.username == username))
    if user is None:
        user = User(user_id=new_id(), username=username, active=True, failures=0)
        session.add(user)
    user.name, user.role, user.extension, user.unit_id = name, role, extension, unit_id
    user.password_hash = hash_password(password)
    await session.flush()
    return user


def hash_password(password: str) -> str:
    """argon2id with a salt of its own: made to be slow (RFC 9106)."""
    return _HASHER.hash(password)


async def sign_in(
    database: Database, username: str, password: str, lifetime: timedelta
) -> tuple[str, Token, User]:
    """Secret, token and user. `SignInFailed`, `TooManyTries`."""
    async with database.reading() as session:
        found = await session.scalar(select(User).where(User.username == username))
    _not_locked(found)
    # Outside any transaction: on SQLite nobody else could write meanwhile.
    stored = found.password_hash if found else _NOBODY
    loop = asyncio.get_running_loop()
    right = await loop.run_in_executor(_HASHERS, _HASHER.verify, password, stored)
    async with database.transaction() as session:
        user = await session.get(User, found.user_id, with_for_update=True) if found else None
        if user is not None and user.active and right:
            _not_locked(user)
            return await _let_in(session, user, lifetime)
        await _keep_out(session, user)
    raise SignInFailed(username)


def _not_locked(user: User | None) -> None:
    if user is not None and user.locked_until is not None and user.locked_until > now():
        raise TooManyTries(user.username)


async def _let_in(
    session: AsyncSession, user: User, lifetime: timedelta
) -> tuple[str, Token, User]:
    moment = now()
    user.failures, user.locked_until = 0, None
    secret = secrets.token_urlsafe(32)
    token = Token(
        token_hash=_hash(secret), user_id=user.user_id, created_at=moment,
        expires_at=moment + lifetime,
    )  # fmt: skip
    session.add(token)
    await journal.append(session, SignedIn(at=moment, user_id=user.user_id))
    return secret, token, user


async def _keep_out(session: AsyncSession, user: User | None) -> None:
    moment = now()
    if user is not None:
        user.failures += 1
        if user.failures >= FREE_FAILURES:
            user.failures, user.locked_until = 0, moment + LOCK
    refused = SignInRefused(at=moment, user_id=user.user_id if user else "")
    await journal.append(session, refused)


async def who_is(session: AsyncSession, secret: str) -> Who | None:
    """The person this token stands for, if it is still good."""
    row = (
        await session.execute(
            select(User, Token)
            .join(Token, Token.user_id == User.user_id)
            .where(Token.token_hash == _hash(secret))
        )
    ).first()
    if row is None:
        return None
    user, token = row
    if not user.active or token.revoked_at is not None or token.expires_at <= now():
        return None
    return Who(
        user.user_id, user.username, user.name, Role(user.role), user.extension, token.expires_at,
        user.unit_id,
    )  # fmt: skip


async def sign_out(session: AsyncSession, secret: str) -> None:
    """Revoke this token."""
    token = await session.get(Token, _hash(secret))
    if token is not None and token.revoked_at is None:
        token.revoked_at = now()
        await journal.append(session, SignedOut(at=now(), user_id=token.user_id))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
