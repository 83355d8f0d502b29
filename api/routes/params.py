"""Room api: what several routes take: ids, keys, and the words people write."""

from typing import Annotated

from fastapi import Header, Path
from pydantic import StringConstraints

CALL_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
CallId = Annotated[str, Path(pattern=CALL_ID)]
OtherId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=120, description="same key: the same command"),
]

# What a person writes: no control characters (PostgreSQL takes no NUL), no blanks around.
Words = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f]*$")]
