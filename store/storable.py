"""Room store: what no database refuses, made from what a strange channel name may bring along."""

import math
from typing import Any

LONGEST_ID = 80


def storable_text(text: str) -> str:
    """Without NUL and half surrogates, which PostgreSQL refuses."""
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def storable_id(text: str | None) -> str | None:
    """As `storable_text`, cut to what a column of ids takes."""
    return None if text is None else storable_text(text)[:LONGEST_ID]


def storable_json(value: Any) -> Any:
    """The same structure; numbers that JSON does not know become None."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {storable_text(key): storable_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable_json(item) for item in value]
    return value
