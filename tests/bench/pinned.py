"""A stage whose Asterisk has a core to itself (or shares it with one other Asterisk)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from telephony.asterisk.ports import free_range
from tests.bench.bare import given_bare
from tests.bench.cores import pin, unpin
from tests.e2e.stage import Stage, given_stage, until

ANY_NUMBER = 5000
RTP_PORTS = 4000  # two a call


@asynccontextmanager
async def pinned(bare: bool) -> AsyncIterator[Stage]:
    """Ours, with its controller on the other core, or the bare Asterisk."""
    ports = free_range("127.0.0.1", RTP_PORTS)
    given: AbstractAsyncContextManager[Stage] = (
        given_bare(max_calls=ANY_NUMBER, rtp=ports)
        if bare
        else given_stage(notice="whole", controller="none", max_calls=ANY_NUMBER, rtp=ports)
    )
    async with given as stage:
        if not bare:
            await start_controller(stage)
        pin(stage)
        try:
            yield stage
        finally:
            unpin()


async def start_controller(stage: Stage) -> None:
    """In a process of its own; patient, as the machine may be busy."""
    await stage.start_controller_process(wait=False)
    await until(lambda: stage.facts("controller_started"), 90, "controller up")
