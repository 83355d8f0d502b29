"""Room telephony/ami: manager messages as they come off the wire, and what became of an action."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One message. A header that came several times holds its values one a line."""

    name: str
    headers: Mapping[str, str] = field(repr=False)

    def get(self, header: str) -> str:
        """The header's value, empty where there is none."""
        return self.headers.get(header, "")

    def variables(self) -> dict[str, str]:
        """What a Status event says about the asked variables; unset ones are left out."""
        pairs = (line.partition("=") for line in self.get("Variable").split("\n") if line)
        return {name: value for name, _, value in pairs if value != "(null)"}


@dataclass(frozen=True)
class Accepted:
    """Asterisk said Success; for Originate and Redirect that only means it will try."""

    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """It certainly did not happen: Asterisk said Error, or there was no link to send it on."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """It was sent and no answer came: ask before doing it again."""

    reason: str


Outcome = Accepted | Refused | Unknown


class MessageBuffer:
    """Bytes in, whole messages out. Text is decoded once it is whole."""

    # No message of Asterisk's comes near; a stranger's endless line must not fill the memory.
    LIMIT: Final = 4 * 1024 * 1024

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[dict[str, str]]:
        """The headers of every message that is complete now; BufferError when one never ends."""
        # The end of a message may itself be split: look again at the last three bytes.
        seen = max(0, len(self._rest) - 3)
        self._rest += data
        if self._rest.find(_END, seen) < 0:
            if len(self._rest) > self.LIMIT:
                raise BufferError("a manager message that does not end")
            return []
        *whole, rest = bytes(self._rest).split(_END)
        self._rest = bytearray(rest)
        return [headers_of(message.decode("utf-8", "replace")) for message in whole]


def headers_of(text: str) -> dict[str, str]:
    """`Name: value` lines as a dict; lines that are none (the greeting) are left out."""
    headers: dict[str, str] = {}
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        value = value.removeprefix(" ")
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return headers
