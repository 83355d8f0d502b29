"""The people of a soak: citizens by the hundred, operators, liaisons, all humming.

A hum is a tone too quiet to be taken for speech (the transcriber skips it) and
loud enough to be measured: where it is missing in a track, sound was lost.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from simulator.carrier import Carrier
from simulator.city import TONES
from simulator.ears import write_wav
from simulator.person import Person, PersonError
from telephony.ami.messages import RawEvent

RATE = 8000
HUM_SECONDS, HUM_AMPLITUDE = 120, 110
VOICES = Path(__file__).parents[2] / "simulator" / "voices"
# Every sixth citizen says a sentence: decoding speech costs a third of a second a second, and the
# transcriber has to keep up beside all the others on this machine.
SPEAKS_EACH = 6
SPEAKS_AFTER, SAYS = 12.0, "citizen_thanks"
SPEAKER_TONE = TONES["citizen"] + 1
# A conversation this old (seconds) has got over its beginnings.
SETTLED = 8.0


@dataclass
class Phone:
    """Since when somebody is on the line, by the carrier; None: on the hook."""

    person: Person
    role: str
    since: float | None = None
    channel: str | None = None
    hung_up_at: float | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Town:
    """All phones, and what the carrier says of them."""

    def __init__(self, carrier: Carrier, operators: Sequence[str], liaisons: Sequence[str]) -> None:
        self.carrier = carrier
        self.operators = list(operators)
        self.liaisons = list(liaisons)
        self.phones: dict[str, Phone] = {}
        self.talks: list[dict[str, object]] = []
        self.losses: list[dict[str, object]] = []
        carrier.listen(self._notice)

    async def move_in(self) -> None:
        """Everybody hums; operators and liaisons answer."""
        folder = self.carrier.heard_folder.parents[1] / "sounds" / "voices"
        await asyncio.to_thread(lay_hums, folder)
        for number, role in (
            *((n, "operator") for n in self.operators),
            *((n, "liaison") for n in self.liaisons),
        ):
            phone = await self.phone(number, role)
            await phone.person.when_rung("answer")

    async def phone(self, number: str, role: str) -> Phone:
        """The phone of this number; there from now on."""
        if number not in self.phones:
            speaks = role == "citizen" and int(number[-4:]) % SPEAKS_EACH == 0
            person = Person(self.carrier, number, SPEAKER_TONE if speaks else TONES[role])
            self.phones[number] = Phone(person, role)
            await person.begins("hum")
        return self.phones[number]

    @property
    def talking(self) -> int:
        """Citizens on the line."""
        return sum(p.role == "citizen" and p.since is not None for p in self.phones.values())

    async def everybody_hangs_up(self) -> None:
        """The line went dead: who holds a receiver puts it down."""
        for phone in list(self.phones.values()):
            if phone.since is not None:
                with suppress(PersonError):
                    await phone.person.hang_up()

    async def lose_packets(self, seconds: float) -> None:
        """A citizen and an operator, those longest on the line, send nothing for a while.

        They go on hearing: the loss is one-way. Liaisons are left alone, they have a key to press.
        """
        chosen = [self._longest(role) for role in ("citizen", "operator")]
        async with asyncio.TaskGroup() as tasks:
            for phone in chosen:
                if phone is not None:
                    tasks.create_task(self._lose(phone, seconds))

    async def _lose(self, phone: Phone, seconds: float) -> None:
        with suppress(PersonError):  # hung up in this moment: nothing is lost then
            await phone.person.lose_line()
            began, talk = time.time(), phone.since
            end = began + seconds
            while phone.since == talk and time.time() < end:
                await until_changed(phone, end - time.time())
            over = time.time()
            self.losses.append(
                {"role": phone.role, "number": phone.person.number, "from": began, "to": over}
            )  # fmt: skip
            if phone.since == talk:
                await phone.person.find_line("hum")

    def _longest(self, role: str) -> Phone | None:
        talking = [p for p in self.phones.values() if p.role == role and p.since is not None]
        # Whoever has come just now may still be on the way into the conversation.
        settled = [p for p in talking if p.since is not None and time.time() - p.since > SETTLED]
        return max(settled, key=lambda phone: -(phone.since or 0), default=None)

    def _notice(self, event: RawEvent) -> None:
        phone = self.phones.get(event.get("Number") or "") if event.name == "UserEvent" else None
        if phone is None:
            return
        moment = time.time()
        if event.get("UserEvent") == "Talking":
            phone.since, phone.channel = moment, event.get("Channel")
        elif event.get("UserEvent") == "HungUp" and event.get("Channel") == phone.channel:
            if phone.role != "citizen":
                self.talks.append(
                    {"role": phone.role, "number": phone.person.number,
                     "from": phone.since, "to": moment}
                )  # fmt: skip
            phone.since, phone.hung_up_at = None, moment
            self._forget_ear(phone)
        phone.changed.set()

    def _forget_ear(self, phone: Phone) -> None:
        """What people heard is not looked at here, and an hour of it fills a disk."""
        for path in phone.person.heard()[:-1]:
            path.unlink(missing_ok=True)


def lay_hums(folder: Path) -> None:
    """`hum_<tone>.wav`: the tone, quietly; for those who speak with a sentence in it."""
    moments = np.arange(HUM_SECONDS * RATE) / RATE
    speech, rate = soundfile.read(VOICES / f"{SAYS}.wav", dtype="int16")
    assert rate == RATE
    for tone in (*TONES.values(), SPEAKER_TONE):
        hum = HUM_AMPLITUDE * np.sin(2 * np.pi * tone * moments)
        if tone == SPEAKER_TONE:
            first = round(SPEAKS_AFTER * RATE)
            hum[first : first + len(speech)] += speech
        path = folder / f"hum_{tone}.wav"
        write_wav(path, np.clip(hum, -32768, 32767).astype(np.int16))
        path.chmod(0o644)


async def until_changed(phone: Phone, within: float) -> bool:
    """Whether something happened to this phone in time."""
    phone.changed.clear()
    try:
        async with asyncio.timeout(within):
            await phone.changed.wait()
    except TimeoutError:
        return False
    return True
