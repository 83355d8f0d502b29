"""Room telephony/ami: everything this service ever asks of Asterisk, as typed actions.

Values are ASCII on one line: anything else is refused before it is sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol, runtime_checkable

Fields = dict[str, str | list[str]]

_VARIABLE: Final = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]*\Z")
# Asterisk reads a header into 1024 bytes; the name and the separator need some.
_LONGEST: Final = 900


@runtime_checkable
class Action(Protocol):
    """Something that can be asked; `fields()` gives the headers in their manager spelling."""

    def fields(self) -> Fields:
        """Headers without ActionID."""
        ...


def checked(fields: Fields) -> Fields:
    """The same fields; ValueError if one could break out of its line or arrive changed."""
    for name, value in fields.items():
        for text in [name, *(value if isinstance(value, list) else [value])]:
            if not text.isascii() or not (text.isprintable() or text == ""):
                raise ValueError(f"{name}: only printable ASCII may be sent to Asterisk")
            if len(text) > _LONGEST:
                raise ValueError(f"{name}: {len(text)} characters are too many for Asterisk")
    return fields


def _variables(values: Mapping[str, str]) -> list[str]:
    for name, value in values.items():
        if not _VARIABLE.match(name):
            raise ValueError(f"variable name {name[:40]!r}")
        if "," in value:
            raise ValueError(f"variable {name}: a comma would begin another variable")
    return [f"{name}={value}" for name, value in values.items()]


@dataclass(frozen=True, kw_only=True)
class Originate:
    """Ring `channel`; when it answers it runs the dialplan. The end comes as OriginateResponse."""

    channel: str
    channel_id: str
    context: str
    exten: str = "s"
    priority: int = 1
    caller_id: str = field(default="", repr=False)
    account: str = ""
    timeout_ms: int = 20_000
    early_media: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    # A context that runs when this leg is over, whether or not it was ever answered.
    when_over: str = ""

    def fields(self) -> Fields:
        found: Fields = {
            "Action": "Originate", "Channel": self.channel, "ChannelId": self.channel_id,
            "Context": self.context, "Exten": self.exten, "Priority": str(self.priority),
            "Timeout": str(self.timeout_ms), "Async": "true",
        }  # fmt: skip
        if self.caller_id:
            found["CallerID"] = self.caller_id
        if self.account:
            found["Account"] = self.account
        if self.early_media:
            found["EarlyMedia"] = "true"
        lines = _variables(self.variables)
        if self.when_over:
            # In quotes: outside them a comma would begin another variable.
            lines.append(f'CHANNEL(hangup_handler_push)="{self.when_over},s,1"')
        if lines:
            found["Variable"] = lines
        return found


@dataclass(frozen=True)
class Redirect:
    """Move one channel, or two at once to the same place. A missing extension drops them!"""

    channel: str
    context: str
    exten: str = "s"
    priority: int = 1
    extra_channel: str | None = None
    extra_context: str | None = None
    extra_exten: str | None = None

    def fields(self) -> Fields:
        found: Fields = {
            "Action": "Redirect", "Channel": self.channel, "Context": self.context,
            "Exten": self.exten, "Priority": str(self.priority),
        }  # fmt: skip
        if self.extra_channel is not None:
            found["ExtraChannel"] = self.extra_channel
            found["ExtraContext"] = self.extra_context or self.context
            found["ExtraExten"] = self.extra_exten or self.exten
            found["ExtraPriority"] = str(self.priority)
        return found


@dataclass(frozen=True)
class Hangup:
    """End a channel; 16 is the normal cause."""

    channel: str
    cause: int = 16

    def fields(self) -> Fields:
        return {"Action": "Hangup", "Channel": self.channel, "Cause": str(self.cause)}


@dataclass(frozen=True)
class SetVar:
    """Set a channel variable or a function such as CHANNEL(userfield)."""

    channel: str
    variable: str
    value: str = field(repr=False)

    def fields(self) -> Fields:
        return {
            "Action": "Setvar", "Channel": self.channel, "Variable": self.variable,
            "Value": self.value,
        }  # fmt: skip


@dataclass(frozen=True)
class SetGlobal:
    """Set a global variable of the dialplan."""

    variable: str
    value: str

    def fields(self) -> Fields:
        return {"Action": "Setvar", "Variable": self.variable, "Value": self.value}


@dataclass(frozen=True)
class StopMixMonitor:
    """End whatever records this channel."""

    channel: str

    def fields(self) -> Fields:
        return {"Action": "StopMixMonitor", "Channel": self.channel}


@dataclass(frozen=True)
class GetVar:
    """Ask for a channel variable, or (channel empty) a function; the reply's `Value`."""

    channel: str
    variable: str

    def fields(self) -> Fields:
        found: Fields = {"Action": "Getvar", "Variable": self.variable}
        if self.channel:
            found["Channel"] = self.channel
        return found


@dataclass(frozen=True)
class QueueAdd:
    """An operator signs in to a queue."""

    queue: str
    interface: str
    member_name: str
    penalty: int = 0
    paused: bool = False
    state_interface: str = ""

    def fields(self) -> Fields:
        found: Fields = {
            "Action": "QueueAdd", "Queue": self.queue, "Interface": self.interface,
            "MemberName": self.member_name, "Penalty": str(self.penalty),
            "Paused": str(self.paused).lower(),
        }  # fmt: skip
        if self.state_interface:
            found["StateInterface"] = self.state_interface
        return found


@dataclass(frozen=True)
class QueueRemove:
    """An operator signs out of a queue."""

    queue: str
    interface: str

    def fields(self) -> Fields:
        return {"Action": "QueueRemove", "Queue": self.queue, "Interface": self.interface}


@dataclass(frozen=True)
class QueuePause:
    """An operator takes a break, in one queue or (queue empty) in all."""

    interface: str
    paused: bool
    queue: str = ""
    reason: str = ""

    def fields(self) -> Fields:
        found: Fields = {
            "Action": "QueuePause", "Interface": self.interface, "Paused": str(self.paused).lower()
        }  # fmt: skip
        if self.queue:
            found["Queue"] = self.queue
        if self.reason:
            found["Reason"] = self.reason
        return found


@dataclass(frozen=True)
class QueuePenalty:
    """Change how late an operator is offered calls."""

    interface: str
    penalty: int
    queue: str = ""

    def fields(self) -> Fields:
        found: Fields = {
            "Action": "QueuePenalty", "Interface": self.interface, "Penalty": str(self.penalty)
        }  # fmt: skip
        if self.queue:
            found["Queue"] = self.queue
        return found


@dataclass(frozen=True)
class QueueStatus:
    """List a queue's members and callers (all queues when empty)."""

    queue: str = ""

    def fields(self) -> Fields:
        found: Fields = {"Action": "QueueStatus"}
        if self.queue:
            found["Queue"] = self.queue
        return found


@dataclass(frozen=True)
class Status:
    """List every channel (or one) with the named variables."""

    variables: tuple[str, ...] = ("CALL_ID", "ROLE")
    channel: str = ""

    def fields(self) -> Fields:
        found: Fields = {"Action": "Status", "Variables": ",".join(self.variables)}
        if self.channel:
            found["Channel"] = self.channel
        return found


@dataclass(frozen=True)
class _Plain:
    name: ClassVar[str]

    def fields(self) -> Fields:
        return {"Action": self.name}


class CoreShowChannels(_Plain):
    """List every channel."""

    name = "CoreShowChannels"


class CoreStatus(_Plain):
    """When Asterisk started, and how many calls it has."""

    name = "CoreStatus"


class ConfbridgeListRooms(_Plain):
    """List the rooms in use; none is an empty list."""

    name = "ConfbridgeListRooms"


class Ping(_Plain):
    """Is anybody there?"""

    name = "Ping"


@dataclass(frozen=True)
class ConfbridgeList:
    """List who is in a room; a room nobody is in is an empty list."""

    room: str

    def fields(self) -> Fields:
        return {"Action": "ConfbridgeList", "Conference": self.room}


@dataclass(frozen=True)
class _InRoom:
    room: str
    channel: str

    name: ClassVar[str]

    def fields(self) -> Fields:
        return {"Action": self.name, "Conference": self.room, "Channel": self.channel}


class ConfbridgeMute(_InRoom):
    """The room no longer hears this channel."""

    name = "ConfbridgeMute"


class ConfbridgeUnmute(_InRoom):
    """The room hears this channel again."""

    name = "ConfbridgeUnmute"


class ConfbridgeKick(_InRoom):
    """Put a channel out of the room."""

    name = "ConfbridgeKick"


@dataclass(frozen=True)
class MixMonitorMute:
    """Write silence instead of speech (card numbers and the like); the timeline stays."""

    channel: str
    muted: bool
    direction: str = "both"
    mixmonitor_id: str = ""

    def fields(self) -> Fields:
        found: Fields = {
            "Action": "MixMonitorMute", "Channel": self.channel, "Direction": self.direction,
            "State": "1" if self.muted else "0",
        }  # fmt: skip
        if self.mixmonitor_id:
            found["MixMonitorID"] = self.mixmonitor_id
        return found
