"""Room telephony/phones: trunks and phones as they are now, told to the Asterisk that runs.

Asterisk reads pjsip.conf anew and changes what differs; calls that are up keep what they have.
"""

import asyncio
from collections.abc import Collection

from telephony.asterisk.node import AsteriskNode
from telephony.asterisk.render import PbxSettings, render_sip

WITHIN_SECONDS = 15.0


class NotTakenUp(RuntimeError):
    """Asterisk has not taken up a change in time; the message says which."""


async def take_up(
    node: AsteriskNode, settings: PbxSettings, *, there: Collection[str] = (),
    gone: Collection[str] = (),
) -> bool:  # fmt: skip
    """Write pjsip.conf and have it read; False where Asterisk does not run: a start writes it."""
    if not node.is_running:
        return False
    render_sip(node.folder, settings)
    await node.command("module reload res_pjsip.so")
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not await _is_taken_up(node, there, gone):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise NotTakenUp(f"Asterisk has not taken up {', '.join([*there, *gone])}") from None
    return True


async def _is_taken_up(node: AsteriskNode, there: Collection[str], gone: Collection[str]) -> bool:
    # The authentication is the last thing of a phone that is of use: with it all is there.
    known = {name: "Unable to find" not in await node.command(f"pjsip show auth {name}")
             for name in [*there, *gone]}  # fmt: skip
    return all(known[name] for name in there) and not any(known[name] for name in gone)
