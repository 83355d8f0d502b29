"""Room telephony/trunks: keeps an eye on every trunk: does it answer OPTIONS, is it registered?

Asterisk asks the carriers; this asks Asterisk, over the manager link, and writes a fact
when an answer changes. Whoever dials looks into `states`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from store.base import now
from telephony import facts as f
from telephony.ami.actions import GetVar
from telephony.ami.link import AmiLink
from telephony.ami.messages import Accepted
from telephony.registry import Registry
from telephony.trunks.asking import registrations
from telephony.trunks.choosing import TrunkState
from telephony.trunks.overhearing import NotTaken
from telephony.trunks.trunk import Trunk

log = structlog.get_logger()

EVERY_SECONDS = 2.0
# Asked on Asterisk's console, as the manager does not tell it: only where a trunk registers.
REGISTRATION_EVERY = 5

_STATES = {"Reachable": TrunkState.UP, "Unreachable": TrunkState.DOWN}
Console = Callable[[str], Awaitable[str]]


class TrunkWatch:
    """`states` and `registered` are as new as the last look; give `run()` to a TaskGroup."""

    def __init__(
        self, link: AmiLink, registry: Registry, trunks: Sequence[Trunk], console: Console
    ) -> None:
        self.trunks = tuple(trunks)
        self.states: dict[str, TrunkState] = {t.name: TrunkState.UNKNOWN for t in trunks}
        self.registered: dict[str, str] = {}
        self._contacts: dict[str, str] = {}  # of each trunk, as Asterisk names it
        self._link, self._registry, self._console = link, registry, console

    async def run(self) -> None:
        """Until cancelled."""
        registers = any(trunk.registers for trunk in self.trunks)
        looks = 0
        while True:
            if self._link.is_up:
                for trunk in self.trunks:
                    self._saw(trunk, await self._state(trunk.name))
                if registers and looks % REGISTRATION_EVERY == 0:
                    shown = await self._console("pjsip show registrations")
                    self.registered = registrations(shown)
                looks += 1
            await asyncio.sleep(EVERY_SECONDS)

    def not_taken(self, refused: NotTaken) -> None:
        """A call that was refused for want of a codec: nobody else will ever tell."""
        offered = list(refused.offered)
        log.warning("no_common_codec", trunk=refused.trunk, offered=offered)
        self._registry.record(
            f.CallNotTaken(at=now(), node=self._registry.node, trunk=refused.trunk, offered=offered)
        )

    def health(self) -> dict[str, str]:
        """Trunk → `up`, `down` or `unknown`, for heartbeat, metrics and alarms."""
        return {
            t.name: "down" if self._lost_registration(t) else self.states[t.name].value
            for t in self.trunks
        }

    def _lost_registration(self, trunk: Trunk) -> bool:
        # "Registered", "Unregistered", "Rejected": without it no call comes in.
        return trunk.registers and self.registered.get(trunk.name) in ("Unregistered", "Rejected")

    async def _state(self, name: str) -> TrunkState:
        """As Asterisk has it; where Asterisk does not say, as it was."""
        said = await self._status(name) if self._contacts.get(name) else None
        if not said:  # never known, or Asterisk has read its settings anew
            contacts = await self._ask(f"PJSIP_AOR({name},contact)")
            self._contacts[name] = (contacts or "").partition(",")[0]
            said = await self._status(name) if self._contacts[name] else contacts
        return self.states[name] if said is None else _STATES.get(said, TrunkState.UNKNOWN)

    async def _status(self, name: str) -> str | None:
        return await self._ask(f"PJSIP_CONTACT({self._contacts[name]},status)")

    async def _ask(self, function: str) -> str | None:
        outcome = await self._link.send(GetVar("", function))
        return outcome.fields.get("Value", "") if isinstance(outcome, Accepted) else None

    def _saw(self, trunk: Trunk, state: TrunkState) -> None:
        before = self.states[trunk.name]
        if state is before:
            return
        self.states[trunk.name] = state
        if state is TrunkState.DOWN:
            log.warning("trunk_down", trunk=trunk.name)
        else:
            log.info("trunk_state", trunk=trunk.name, state=state.value)
        self._registry.record(
            f.TrunkChanged(at=now(), node=self._registry.node, trunk=trunk.name, state=state.value)
        )
