"""Room simulator: one person of the city, with a telephone, a voice and an ear.

citizen = city.person("13800000001", tone=440)
await citizen.dial()
await citizen.say("citizen_mask")
await citizen.press("1")
await citizen.hang_up()
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.carrier import Carrier
from telephony.ami.actions import Action, Hangup, Originate, Redirect, SetVar
from telephony.ami.messages import Accepted, RawEvent, Refused


class PersonError(AssertionError):
    """A person could not do, or did not experience, what the story says."""


class GlobalVar:
    """Sets a global variable of the carrier's dialplan: the manager's Setvar without a channel."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def fields(self) -> dict[str, Any]:
        return {"Action": "Setvar", "Variable": self._name, "Value": self._value}


class Person:
    """Speaks a pure tone unless told otherwise, so that every ear can be read."""

    def __init__(self, carrier: Carrier, number: str, tone: int) -> None:
        self.number = number
        self.tone = tone
        self._carrier = carrier
        self._channel: str | None = None
        self._dialled = self._presses = 0
        self._seen: list[RawEvent] = []
        self._changed = asyncio.Event()
        carrier.listen(self._notice)

    async def begins(self, how: str) -> None:
        """What this person does when a conversation starts: tone (if never said) | silent."""
        await self._do(GlobalVar(f"FIRST_{self.number}", how))

    # -- being rung -------------------------------------------------------------------------

    async def when_rung(self, does: str, *, after_seconds: float = 0.2) -> None:
        """answer | busy | no_answer | unavailable | progress_then_480 | voicemail."""
        for name, value in (
            (f"BEHAVIOUR_{self.number}", does),
            (f"TONE_{self.number}", str(self.tone)),
            (f"RINGS_{self.number}", str(after_seconds)),
        ):
            await self._do(GlobalVar(name, value))

    @property
    def times_rung(self) -> int:
        """INVITEs that have reached this person at the carrier."""
        return self._count("Rung")

    def shown(self) -> tuple[str, str]:
        """Number and name that this person's telephone showed when it last rang."""
        told = [event for event in self._seen if event.get("UserEvent") == "Rung"][-1]
        return told.get("Shown"), told.get("Name")

    @property
    def is_talking(self) -> bool:
        """On the line: more conversations begun than ended."""
        return self._count("Talking") > self._count("HungUp")

    def line(self) -> dict[str, str]:
        """Of the newest conversation, as this end has it: Codec, Signalling and Media (0 or 1)."""
        told = [event for event in self._seen if event.get("UserEvent") == "Talking"][-1]
        return {name: told.get(name) for name in ("Codec", "Signalling", "Media")}

    async def until_rung(self, times: int = 1, within: float = 30) -> None:
        await self._until(lambda: self.times_rung >= times, within, f"be rung {times} times")

    async def until_talking(self, within: float = 30) -> None:
        await self._until(lambda: self.is_talking, within, "be on the line")

    async def until_hung_up(self, within: float = 30) -> None:
        await self._until(lambda: not self.is_talking, within, "be hung up")

    # -- doing ------------------------------------------------------------------------------

    async def dial(self, number: str | None = None, *, via: str = "hotline") -> None:
        """Dial the hotline, or a number that is not its own; `via` a desk phone: `phone-1001`."""
        self._dialled += 1
        await self._do(
            Originate(
                channel=f"PJSIP/{number or self._carrier.hotline.number}@{via}",
                channel_id=f"city-{self.number}-{self._dialled}", context="talk", exten="s",
                caller_id=f"<{self.number}>",
                variables={"ME": self.number, "TONE": str(self.tone)},
            )
        )  # fmt: skip

    async def say(self, clip: str, *, then: str = "silent") -> None:
        """Say a clip of simulator/voices; returns when it is said. `then`: silent | tone."""
        said = self._count("Said")
        await self._set("CLIP", clip)
        await self._go("say" if then == "silent" else "say_then_tone")
        await self._until(lambda: self._count("Said") > said, 30, f"say {clip}")

    async def speak_tone(self) -> None:
        await self._go("tone")

    async def be_silent(self) -> None:
        """Keeps sending silence."""
        await self._go("silent")

    async def lose_line(self) -> None:
        """Keeps the call but sends no packet at all, as a phone without network."""
        await self._go("dead")

    async def find_line(self, then: str) -> None:
        """The network is back: goes on with `then` (tone, silent, hum)."""
        await self._go(then)

    async def press(self, keys: str, *, then: str = "tone") -> None:
        """Press keys as a phone does, 0.3 s each, then do `then`: see `until_pressed`."""
        self._presses = self._count("Pressed") + 1
        await self._set("KEYS", keys)
        await self._set("THEN", then)
        await self._go("press")

    async def until_pressed(self) -> None:
        """Return once the keys pressed last are all sent, or the line is gone."""
        await self._until(
            lambda: self._count("Pressed") >= self._presses or not self.is_talking,
            60, "press the keys",
        )  # fmt: skip

    async def hang_up(self) -> None:
        """Puts the receiver down, if the other side was not quicker; returns once it is down.

        From then on what this person heard is complete: its file is closed before.
        """
        line, before = await self._line(), self._count("HungUp")
        await self._do(Hangup(line), unless="No such channel")
        await self._until(
            lambda: self._count("HungUp") > before or not self.is_talking, 30, "hang up"
        )

    # -- hearing ----------------------------------------------------------------------------

    def heard(self) -> list[Path]:
        """Files of what this person heard, one a conversation, oldest first."""
        return sorted(self._carrier.heard_folder.glob(f"{self.number}~*.wav"))

    # -- below ------------------------------------------------------------------------------

    def _notice(self, event: RawEvent) -> None:
        if event.name == "UserEvent" and event.get("Number") == self.number:
            if event.get("UserEvent") == "Talking":
                self._channel = event.get("Channel")
            self._seen.append(event)
            self._changed.set()

    def _count(self, what: str) -> int:
        return sum(event.get("UserEvent") == what for event in self._seen)

    async def _until(self, condition: Callable[[], bool], within: float, what: str) -> None:
        try:
            async with asyncio.timeout(within):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise PersonError(f"{self.number} did not {what} within {within} s") from None

    async def _line(self) -> str:
        await self.until_talking()
        if self._channel is None:
            raise PersonError(f"{self.number} has no call")
        return self._channel

    async def _set(self, name: str, value: str) -> None:
        await self._do(SetVar(await self._line(), name, value))

    async def _go(self, exten: str) -> None:
        await self._do(Redirect(channel=await self._line(), context="talk", exten=exten))

    async def _do(self, action: Action, unless: str = "") -> None:
        outcome = await self._carrier.link.send(action, deadline=5.0)
        if isinstance(outcome, Refused) and outcome.reason == unless:
            return
        if not isinstance(outcome, Accepted):
            raise PersonError(f"{self.number}: {type(action).__name__}: {outcome}")
