"""Room telephony: after a lost link or a restart, what we believe meets what Asterisk has."""

from collections.abc import Awaitable, Callable

import structlog

from store.base import now
from telephony import facts as f
from telephony.ami.actions import Status
from telephony.ami.link import AmiLink
from telephony.ami.messages import Refused, Unknown
from telephony.calls.reading import leg_over
from telephony.registry import Registry, legs_in

log = structlog.get_logger()


class Reconciler:
    """Ends the legs that are gone without a word: their line broke."""

    def __init__(self, link: AmiLink, registry: Registry) -> None:
        self._link = link
        self._registry = registry

    async def reconcile(self, read_all: Callable[[], Awaitable[None]]) -> bool:
        """Ask Asterisk for its channels, read its file to the end, close what is in neither.

        False where Asterisk did not say what it has.
        """
        before = legs_in(self._registry.open_calls())
        channels = await self._link.listing(Status(variables=("CALL_ID", "ROLE")))
        if isinstance(channels, Refused | Unknown):
            log.warning("reconcile_later", reason=channels.reason)
            return False
        alive = {channel.get("Uniqueid") for channel in channels}
        # Whatever broke such a line in two, its beginning still names the channel.
        torn = {channel.get("Channel") for channel in channels if not channel.get("Uniqueid")}
        # What ended orderly while we were away is in the file; only then is the rest broken.
        await read_all()
        ended = 0
        for call in list(self._registry.open_calls()):
            for leg in call.live():
                if leg.leg_id in before - alive and leg.channel not in torn:
                    ended += 1
                    for fact in leg_over(now(), call, leg, None):
                        self._registry.record(fact)
        strange = {c.get("Uniqueid") for c in channels} - legs_in(self._registry.open_calls())
        open_now = len(self._registry.open_calls())
        self._registry.record(
            f.ControllerStarted(at=now(), node=self._registry.node, calls=open_now, ended=ended)
        )
        log.info("reconciled", calls=open_now, legs_gone=ended, strangers=len(strange))
        return True
