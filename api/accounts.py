"""Room api: accounts, passwords (argon2), tokens that expire and can be revoked."""

import asyncio
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pwdlib import PasswordHash
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.facts import AccountAdded, AccountDisabled, SignedIn, SignedOut, SignInRefused
from api.permissions import Role
from api.tables import Token, User
from store import journal
from store.base import new_id, now
from store.database import Database
from telephony.commands import SignOut
from telephony.tables import Command, Operator

_HASHER = PasswordHash.recommended()
UNIT_ID = r"[a-z][a-z0-9_-]{0,39}"
EXTENSION = r"[0-9]{2,8}"
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
    session: AsyncSession, username: str, *, role: str, password: str, name: str | None = None,
    extension: str | None = None, unit_id: str | None = None, by: str = "cli",
) -> User:  # fmt: skip
    """Make the account, or change the one of this name, whose tokens then end. `BadAccount`.

    Of an account that is there None leaves what it has, and an empty text takes it away.
    """
    if not re.fullmatch(r"[a-z][a-z0-9._-]{1,59}", username):
        raise BadAccount(f"username: {username!r} must be 2 to 60 of a-z, 0-9, . _ -")
    if role not in set(Role):
        raise BadAccount(f"role: {role!r} is none of {', '.join(Role)}")
    if unit_id and not re.fullmatch(UNIT_ID, unit_id):
        raise BadAccount(f"unit: {unit_id!r} is no unit's id")
    if extension and not re.fullmatch(EXTENSION, extension):
        raise BadAccount(f"extension: {extension!r} must be 2 to 8 digits")
    if len(password) < 8:
        raise BadAccount("password: at least 8 characters")
    user = await _held(session, username)
    new = user is None
    if user is None:
        user = User(user_id=new_id(), username=username, name=username, failures=0)
        session.add(user)
    user.role, user.active, user.password_hash = role, True, hash_password(password)
    if name is not None:
        user.name = name or username
    if extension is not None:
        user.extension = extension or None
    if unit_id is not None:
        user.unit_id = unit_id or None
    await session.flush()
    fact = AccountAdded(
        at=now(), user_id=user.user_id, role=role, unit_id=user.unit_id, new=new, by=by
    )
    await journal.append(session, fact)
    await _end_tokens(session, user)
    return user


async def disable_user(session: AsyncSession, username: str, *, node: str, by: str = "cli") -> None:
    """Nobody signs in as this person any more; who is signed in is out, and so is their phone.

    `node` is whose controller takes the phone out of its queues. `BadAccount`.
    """
    user = await _held(session, username)
    if user is None:
        raise BadAccount(f"username: nobody is called {username!r}")
    user.active = False
    await journal.append(session, AccountDisabled(at=now(), user_id=user.user_id, by=by))
    await _end_tokens(session, user)
    await _sign_phone_out(session, username, node, by)


async def _held(session: AsyncSession, username: str) -> User | None:
    """The account of this name; nobody else changes it until this transaction ends."""
    return await session.scalar(select(User).where(User.username == username).with_for_update())


async def _end_tokens(session: AsyncSession, user: User) -> None:
    """To be done after the fact: who signs out takes the journal's turn before their token too."""
    good = (Token.user_id == user.user_id) & Token.revoked_at.is_(None)
    await session.execute(update(Token).where(good).values(revoked_at=now()))


async def _sign_phone_out(session: AsyncSession, username: str, node: str, by: str) -> None:
    """The call going on there stays: a citizen is not hung up for it."""
    seat = await session.get(Operator, username)
    if seat is None or seat.state == "out":
        return
    order = SignOut(operator_id=username, extension=seat.extension)
    command = Command(
        command_id=new_id(), idempotency_key=new_id(), node=node, call_id=None, kind=order.kind,
        body=order.model_dump(mode="json"), asked_by=by, asked_at=now(), state="asked",
    )  # fmt: skip
    session.add(command)


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
        # Against the password that holds now: it may have been changed while we looked.
        if user is not None and user.active and right and user.password_hash == stored:
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
