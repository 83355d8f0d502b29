"""Room telephony: recording switched off and on, for a disk that has room for facts alone."""

import structlog

from telephony.ami.actions import SetGlobal, StopMixMonitor
from telephony.ami.link import AmiLink
from telephony.ami.messages import Accepted
from telephony.dialplan import NO_SOUND
from telephony.registry import Registry

log = structlog.get_logger()


class Sound:
    """Says to Asterisk what is wanted, again with each new link: a new Asterisk records."""

    def __init__(self, link: AmiLink, registry: Registry) -> None:
        self._link = link
        self._registry = registry
        self.is_wanted = True
        self._is_said: bool | None = None

    def link_up(self) -> None:
        """Whether this is the Asterisk we have told is not known."""
        self._is_said = None

    async def keep(self) -> None:
        """Nothing where all is said. Running tracks end with what they have; their legs go on."""
        wanted = self.is_wanted
        if self._is_said is wanted or not self._link.is_up:
            return
        said = await self._link.send(SetGlobal(NO_SOUND, "" if wanted else "1"))
        if not isinstance(said, Accepted):
            return  # asked again at the next look
        if not wanted:
            log.error("recording_stopped", reason="the disk is full")
            for call in self._registry.open_calls():
                for leg in call.live():
                    # Refused where nothing is recorded (any more): then all is as wanted.
                    await self._link.send(StopMixMonitor(leg.channel))
        elif self._is_said is False:
            log.warning("recording_goes_on")
        self._is_said = wanted
