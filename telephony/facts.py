"""Room telephony: what can happen to a call, its legs, its connects, and to operators.

Ids only. Numbers and names travel beside a fact in the journal's private part.
"""

from typing import ClassVar, Literal

from pydantic import Field

from store.facts import Fact
from telephony.roles import Mode, Place, Role, RungOutcome
from telephony.trunks.choosing import NotReached


class CallStarted(Fact):
    """A citizen's call reached us (private: caller_number in its one form, raw, kind, name)."""

    kind: ClassVar[str] = "call_started"
    node: str
    called: str
    direction: Literal["in", "out"] = "in"  # out: we rang the citizen


class LegStarted(Fact):
    """A channel of this call exists (private: number)."""

    kind: ClassVar[str] = "leg_started"
    leg_id: str
    role: Role
    channel: str
    person_id: str | None = None
    request_id: str | None = None


class LegNamed(Fact):
    """The dialplan said whose leg this is."""

    kind: ClassVar[str] = "leg_named"
    leg_id: str
    role: Role


class LegAnswered(Fact):
    kind: ClassVar[str] = "leg_answered"
    leg_id: str
    role: Role


class TrackStarted(Fact):
    """From here on what this person says is recorded."""

    kind: ClassVar[str] = "track_started"
    leg_id: str
    role: Role
    started_ms: int


class ClockStepped(Fact):
    """Alarm: the clock of Asterisk's machine was stepped in this call, just before `at`.

    `seconds`: forward, or (negative) back; every later time of this call is by the new clock.
    """

    kind: ClassVar[str] = "clock_stepped"
    seconds: float


class LegMoved(Fact):
    """The leg entered or left a pair, a room, the queue, …"""

    kind: ClassVar[str] = "leg_moved"
    leg_id: str
    role: Role
    place: Place
    room: str = ""  # the name of the room, where it is one


class LegEnded(Fact):
    """`cause` is the Q.850 cause; None where the line broke and nobody could say."""

    kind: ClassVar[str] = "leg_ended"
    leg_id: str
    role: Role
    cause: int | None


class CallEnded(Fact):
    """The last leg is gone. `line_broke`: Asterisk died under the call."""

    kind: ClassVar[str] = "call_ended"
    line_broke: bool = False


class ConnectAsked(Fact):
    """One key was pressed (private: numbers, one a rung).

    `units`: for each rung whose unit it is, where a fallback is rung too.
    """

    kind: ClassVar[str] = "connect_asked"
    request_id: str
    unit_id: str
    role: Role
    topic: str
    persons: list[str]
    ring_seconds: list[int]
    units: list[str] = Field(default_factory=list)


class RungRung(Fact):
    """Written before the INVITE leaves, so that nobody is ever rung twice for one request."""

    kind: ClassVar[str] = "rung_rung"
    request_id: str
    rung: int
    person_id: str
    leg_id: str
    trunk: str = ""


class RungNotReached(Fact):
    """The trunk could not carry the ring, and no telephone can have rung: the next may try."""

    kind: ClassVar[str] = "rung_not_reached"
    request_id: str
    rung: int
    leg_id: str
    why: NotReached


class RungOver(Fact):
    kind: ClassVar[str] = "rung_over"
    request_id: str
    rung: int
    outcome: RungOutcome


class ConnectAccepted(Fact):
    """The newcomer pressed 1."""

    kind: ClassVar[str] = "connect_accepted"
    request_id: str
    leg_id: str


class ConnectAnswered(Fact):
    """The newcomer pressed 2, a wrong key, or none; see `outcome`."""

    kind: ClassVar[str] = "connect_answered"
    request_id: str
    leg_id: str
    outcome: str


class ConnectJoined(Fact):
    """Citizen and newcomer are in the room together."""

    kind: ClassVar[str] = "connect_joined"
    request_id: str
    leg_id: str


class ConnectOver(Fact):
    """The request rings nobody any more: joined earlier, cancelled, or the ladder is spent."""

    kind: ClassVar[str] = "connect_over"
    request_id: str
    how: str


class MoveToRoomAsked(Fact):
    """These legs are being moved into the call's room in one action."""

    kind: ClassVar[str] = "move_to_room_asked"
    leg_ids: list[str]


class MonitoringAsked(Fact):
    """A supervisor's phone is rung so that they can take part."""

    kind: ClassVar[str] = "monitoring_asked"
    monitor_id: str
    leg_id: str
    spied_leg_id: str
    by: str
    mode: Mode
    reason: str


class MonitoringMode(Fact):
    """From now on this supervisor listens, whispers or takes part."""

    kind: ClassVar[str] = "monitoring_mode"
    leg_id: str
    mode: Mode


class LegMuted(Fact):
    kind: ClassVar[str] = "leg_muted"
    leg_id: str
    muted: bool
    by: str


class CommandTaken(Fact):
    """The controller owns this command; from here on it is never started a second time."""

    kind: ClassVar[str] = "command_taken"
    command_id: str
    command: str


class CommandDone(Fact):
    kind: ClassVar[str] = "command_done"
    command_id: str
    command: str = ""


class CommandRefused(Fact):
    """`reason` is a word of `telephony.bridge.refusals`."""

    kind: ClassVar[str] = "command_refused"
    command_id: str
    reason: str
    command: str = ""


class CommandUnknown(Fact):
    """Asterisk neither did it nor refused it in time."""

    kind: ClassVar[str] = "command_unknown"
    command_id: str
    reason: str
    command: str = ""


class OperatorSignedIn(Fact):
    kind: ClassVar[str] = "operator_signed_in"
    operator_id: str
    extension: str


class OperatorSignedOut(Fact):
    kind: ClassVar[str] = "operator_signed_out"
    operator_id: str
    extension: str


class OperatorPaused(Fact):
    """`reason` is empty where the operator is ready again."""

    kind: ClassVar[str] = "operator_paused"
    operator_id: str
    extension: str
    paused: bool
    reason: str = ""


class ControllerStarted(Fact):
    """`calls` live calls were found again, `ended` had ended meanwhile."""

    kind: ClassVar[str] = "controller_started"
    node: str
    calls: int
    ended: int


class CallNotTaken(Fact):
    """A carrier's call was refused with 488, before it was a call: no codec in common."""

    kind: ClassVar[str] = "call_not_taken"
    node: str
    trunk: str
    offered: list[str]


class TrunkChanged(Fact):
    """A carrier's line answers (`up`), or no longer (`down`)."""

    kind: ClassVar[str] = "trunk_changed"
    node: str
    trunk: str
    state: str
