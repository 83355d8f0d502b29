"""Waiting for a condition instead of for a time."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[bool]], within: float = 10.0) -> None:
    """Returns as soon as the condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(within):
        while not await condition():
            await asyncio.sleep(0.02)
