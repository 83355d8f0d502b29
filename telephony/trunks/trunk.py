"""Room telephony/trunks: one line to a carrier, and the form in which it wants numbers."""

from dataclasses import dataclass, field
from typing import Final

NATIONAL: Final = "national"
E164: Final = "e164"


@dataclass(frozen=True)
class Trunk:
    """`name` is the endpoint in pjsip.conf; trunks are tried in the order they are given."""

    name: str
    host: str
    port: int = 5060
    transport: str = "udp"
    srtp: bool = False
    registers: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    addresses: tuple[str, ...] = ()
    numbers: str = NATIONAL
    strip: str = ""
    prefix: str = ""
    options_seconds: int = 10

    @property
    def matches(self) -> tuple[str, ...]:
        """Addresses its calls come from. A line that registers is known by its registration."""
        return self.addresses or (() if self.registers else (self.host,))

    def number(self, canonical: str) -> str:
        """A number in its one form (`telephony/numbers.py`) as this carrier wants it dialled."""
        written = _e164(canonical) if self.numbers == E164 else _national(canonical)
        return self.prefix + written.removeprefix(self.strip)

    def channel(self, canonical: str) -> str:
        """What Asterisk is asked to dial."""
        return f"PJSIP/{self.number(canonical)}@{self.name}"


def _national(canonical: str) -> str:
    return f"00{canonical[1:]}" if canonical.startswith("+") else canonical


def _e164(canonical: str) -> str:
    if canonical.startswith("+") or len(canonical) <= 6:
        return canonical
    return f"+86{canonical.removeprefix('0')}"
