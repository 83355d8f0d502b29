"""Room telephony/asterisk: an instance gives back what it no longer uses.

After a busy hour the C library keeps the pages of calls long over, between those still in use;
over months that looks like a leak. Asterisk can be asked to return them.
"""

import asyncio

from telephony.asterisk.node import AsteriskNode

# Often, so that each time there is little to give: what it gives back is locked meanwhile.
EVERY_SECONDS = 120.0


async def keep_memory_small(node: AsteriskNode, every: float = EVERY_SECONDS) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(every)
        await give_back(node)


async def give_back(node: AsteriskNode) -> str:
    """What Asterisk says to it; nothing where it is not running."""
    return await node.command("malloc trim") if node.is_running else ""
