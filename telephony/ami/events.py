"""Room telephony/ami: raw manager messages → typed events. Beyond this door no header is read.

`EventReader` never raises: what it does not know is counted by name, what it
cannot read is counted and logged.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from telephony.ami.messages import RawEvent
from telephony.cel.events import CelEvent, event_from_manager

log = structlog.get_logger(__name__)

# Asterisk's AST_CONTROL_* as OriginateResponse gives them (main/manager.c, main/pbx.c).
REASONS: Final[Mapping[int, str]] = {
    0: "no such number or not reachable",
    1: "hung up",
    3: "no answer",
    4: "answered",
    5: "busy",
    8: "congested",
}
# app_queue's `Status` is the device state of the member.
DEVICE_STATES: Final = (
    "unknown", "not_in_use", "in_use", "busy", "invalid", "unavailable", "ringing",
    "ring_in_use", "on_hold",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OriginateSucceeded:
    """The rung leg answered. With a ChannelId of ours, that is `channel_id`."""

    channel_id: str
    channel: str


@dataclass(frozen=True, slots=True)
class OriginateFailed:
    """The rung leg did not answer. Asterisk often has no channel id left: go by `channel`."""

    channel_id: str
    channel: str
    reason: int
    why: str


@dataclass(frozen=True, slots=True)
class QueueMemberChanged:
    """An operator in a queue: came, left, paused or changed device state."""

    what: str  # added | removed | paused | status
    queue: str
    interface: str
    member_name: str
    state: str
    paused: bool
    pause_reason: str
    penalty: int
    in_call: bool


@dataclass(frozen=True, slots=True)
class QueueCallerJoined:
    """A caller waits in a queue."""

    queue: str
    channel_id: str
    position: int
    waiting: int


@dataclass(frozen=True, slots=True)
class QueueCallerLeft:
    """A caller waits no longer: answered, timed out or gone."""

    queue: str
    channel_id: str
    waiting: int


@dataclass(frozen=True, slots=True)
class QueueCallerAbandoned:
    """A caller hung up while waiting."""

    queue: str
    channel_id: str
    waited_seconds: int


@dataclass(frozen=True, slots=True)
class AgentCalled:
    """A queue rings an operator for a caller."""

    queue: str
    interface: str
    channel_id: str
    agent_channel_id: str


@dataclass(frozen=True, slots=True)
class AgentRingNoAnswer:
    """A queue rang an operator who did not answer."""

    queue: str
    interface: str
    channel_id: str
    rang_ms: int


@dataclass(frozen=True, slots=True)
class RoomJoined:
    """A leg is in a room now."""

    room: str
    channel: str
    channel_id: str


@dataclass(frozen=True, slots=True)
class RoomLeft:
    """A leg is in a room no longer."""

    room: str
    channel: str
    channel_id: str


@dataclass(frozen=True, slots=True)
class DeviceStateChanged:
    """A device's state, in lower case (`inuse`, `not_inuse`, `unavailable`, …)."""

    device: str
    state: str


@dataclass(frozen=True, slots=True)
class PhoneStatus:
    """A phone registered, went away, or became unreachable (PeerStatus and ContactStatus)."""

    endpoint: str
    status: str
    uri: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FullyBooted:
    """Asterisk is ready (only seen with the right `system`)."""


TypedEvent = (
    OriginateSucceeded | OriginateFailed | QueueMemberChanged | QueueCallerJoined
    | QueueCallerLeft | QueueCallerAbandoned | AgentCalled | AgentRingNoAnswer | RoomJoined
    | RoomLeft | DeviceStateChanged | PhoneStatus | FullyBooted | CelEvent
)  # fmt: skip


class EventReader:
    """Reads events and remembers how many it did not know or could not read."""

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()

    def read_event(self, raw: RawEvent) -> TypedEvent | None:
        """The typed event, or None (and a count) for what is unknown or malformed."""
        reader = _READERS.get(raw.name)
        if reader is None:
            # Names come from Asterisk alone, yet a counter must not grow without end.
            known = raw.name in self.unknown or len(self.unknown) < 500
            self.unknown[raw.name if known else "(others)"] += 1
            return None
        try:
            return reader(raw)
        except ValueError as problem:
            self.malformed[raw.name] += 1
            log.warning("ami_event_malformed", event_name=raw.name, why=str(problem))
            return None


def _need(raw: RawEvent, header: str) -> str:
    value = raw.get(header)
    if not value:
        raise ValueError(f"no {header}")
    return value


def _number(raw: RawEvent, header: str) -> int:
    value = raw.get(header)
    try:
        return int(value or 0)
    except ValueError:
        raise ValueError(f"{header} is {value[:40]!r}") from None


def _originate(raw: RawEvent) -> OriginateSucceeded | OriginateFailed:
    channel_id = raw.get("Uniqueid").replace("<unknown>", "")
    channel = _need(raw, "Channel")
    if _need(raw, "Response") == "Success":
        return OriginateSucceeded(channel_id, channel)
    reason = _number(raw, "Reason")
    return OriginateFailed(channel_id, channel, reason, REASONS.get(reason, f"reason {reason}"))


def _member(what: str) -> Callable[[RawEvent], QueueMemberChanged]:
    def read(raw: RawEvent) -> QueueMemberChanged:
        status = _number(raw, "Status")
        return QueueMemberChanged(
            what=what,
            queue=_need(raw, "Queue"),
            interface=_need(raw, "Interface"),
            member_name=raw.get("MemberName"),
            state=DEVICE_STATES[status] if 0 <= status < len(DEVICE_STATES) else "unknown",
            paused=raw.get("Paused") == "1",
            pause_reason=raw.get("PausedReason"),
            penalty=_number(raw, "Penalty"),
            in_call=raw.get("InCall") == "1",
        )

    return read


def _joined(raw: RawEvent) -> QueueCallerJoined:
    return QueueCallerJoined(
        _need(raw, "Queue"), _need(raw, "Uniqueid"), _number(raw, "Position"), _number(raw, "Count")
    )


def _left(raw: RawEvent) -> QueueCallerLeft:
    return QueueCallerLeft(_need(raw, "Queue"), _need(raw, "Uniqueid"), _number(raw, "Count"))


def _abandoned(raw: RawEvent) -> QueueCallerAbandoned:
    waited = _number(raw, "HoldTime")
    return QueueCallerAbandoned(_need(raw, "Queue"), _need(raw, "Uniqueid"), waited)


def _called(raw: RawEvent) -> AgentCalled:
    return AgentCalled(
        _need(raw, "Queue"),
        _need(raw, "Interface"),
        _need(raw, "Uniqueid"),
        raw.get("DestUniqueid"),
    )


def _unanswered(raw: RawEvent) -> AgentRingNoAnswer:
    return AgentRingNoAnswer(
        _need(raw, "Queue"),
        _need(raw, "Interface"),
        _need(raw, "Uniqueid"),
        _number(raw, "RingTime"),
    )


def _room_joined(raw: RawEvent) -> RoomJoined:
    return RoomJoined(_need(raw, "Conference"), _need(raw, "Channel"), _need(raw, "Uniqueid"))


def _room_left(raw: RawEvent) -> RoomLeft:
    return RoomLeft(_need(raw, "Conference"), _need(raw, "Channel"), _need(raw, "Uniqueid"))


def _device(raw: RawEvent) -> DeviceStateChanged:
    return DeviceStateChanged(_need(raw, "Device"), _need(raw, "State").lower())


def _peer(raw: RawEvent) -> PhoneStatus:
    return PhoneStatus(_need(raw, "Peer").removeprefix("PJSIP/"), _need(raw, "PeerStatus").lower())


def _contact(raw: RawEvent) -> PhoneStatus:
    status = _need(raw, "ContactStatus").lower()
    return PhoneStatus(_need(raw, "EndpointName"), status, raw.get("URI"))


_READERS: Final[Mapping[str, Callable[[RawEvent], TypedEvent]]] = {
    "CEL": lambda raw: event_from_manager(raw.headers),
    "OriginateResponse": _originate,
    "QueueMemberAdded": _member("added"),
    "QueueMemberRemoved": _member("removed"),
    "QueueMemberPause": _member("paused"),
    "QueueMemberStatus": _member("status"),
    "QueueCallerJoin": _joined,
    "QueueCallerLeave": _left,
    "QueueCallerAbandon": _abandoned,
    "AgentCalled": _called,
    "AgentRingNoAnswer": _unanswered,
    "ConfbridgeJoin": _room_joined,
    "ConfbridgeLeave": _room_left,
    "DeviceStateChange": _device,
    "PeerStatus": _peer,
    "ContactStatus": _contact,
    "FullyBooted": lambda _: FullyBooted(),
}
