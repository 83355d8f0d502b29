"""Room store: a thread of one's own for writing much to SQLite, so that nobody else waits.

PostgreSQL's driver waits without a thread: there the same work runs in the caller's loop.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from store.database import Database

Result = TypeVar("Result")


class Aside:
    """One thread with an event loop of its own; what is run in it is run one after the other.

    `database` is for what runs in there, and for nobody else.
    """

    def __init__(self, database: Database) -> None:
        self._thread = ThreadPoolExecutor(1, "aside") if database.is_sqlite else None
        self._runner = asyncio.Runner()
        self.database = database.for_one_thread() if database.is_sqlite else database

    async def run(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """The result of `work`. Cancelled, what has begun goes on; the next one waits for it."""
        if self._thread is None:
            return await work()
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._runner.run(work())
        )

    async def close(self) -> None:
        """After what is being run."""
        if self._thread is None:
            return
        await self.run(self.database.close)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._runner.close)
        self._thread.shutdown()
