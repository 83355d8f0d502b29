"""Room hotline/health: watches the disk for a controller, and does what its filling up asks for."""

import asyncio
from collections.abc import Callable

from hotline.health.facts import DiskReserve
from hotline.health.reserve import Level, Reserve
from store.base import now
from telephony.registry import Registry
from telephony.sound import Sound

# A disk filled at 300 MB a second has used up what is left (64 MB) in the first time; with so
# much room nothing fills it within the second.
LOOK_SECONDS, CALM_SECONDS, MUCH_ROOM = 0.2, 1.0, 20_000_000_000
# What began while a line could not be written is asked for once more after so long.
AGAIN_SECONDS = 2.0


class DiskKeeper:
    """Looks several times a second. `look_at_lines`: what Asterisk has is to be asked for anew."""

    def __init__(
        self, reserve: Reserve, registry: Registry, sound: Sound, look_at_lines: Callable[[], None]
    ) -> None:
        self._reserve = reserve
        self._registry = registry
        self._sound = sound
        self._look_at_lines = look_at_lines
        self._told = Level.WHOLE
        self._looks_again_at = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        if self._reserve.level is Level.OFF:
            await self._keep_recording()
        time = asyncio.get_running_loop().time
        while True:
            if self._reserve.is_due:
                await asyncio.to_thread(self._reserve.look)
            level = self._reserve.level
            self._sound.is_wanted = level is not Level.GONE
            await self._sound.keep()
            if level is not self._told:
                self._changed(level)
                self._looks_again_at = time() + AGAIN_SECONDS
            if self._looks_again_at and time() > self._looks_again_at:
                self._look_at_lines()
                self._looks_again_at = 0.0
            is_calm = level is Level.WHOLE and self._reserve.free > MUCH_ROOM
            await asyncio.sleep(CALM_SECONDS if is_calm else LOOK_SECONDS)

    async def _keep_recording(self) -> None:
        """For ever: Asterisk may still be without sound from when there was a reserve."""
        while True:
            await self._sound.keep()
            await asyncio.sleep(CALM_SECONDS)

    def _changed(self, level: Level) -> None:
        self._told = level
        self._registry.record(DiskReserve(at=now(), node=self._registry.node, level=level))
        if level in (Level.SPENT, Level.GONE):
            # Asterisk wrote what it could: an end that was not written is seen by asking.
            self._look_at_lines()
