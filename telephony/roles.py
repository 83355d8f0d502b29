"""Room telephony: who a leg of a call belongs to."""

from enum import StrEnum


class Role(StrEnum):
    """The person on a leg; also the name of their track and of their speech in a transcript."""

    CITIZEN = "citizen"
    OPERATOR = "operator"
    LIAISON = "liaison"
    PETITION = "petition"
    EMERGENCY = "emergency"  # a dispatcher of 110, 119, 120, 122 or of the command centre
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    UNKNOWN = "unknown"


class Place(StrEnum):
    """Where a leg is in the call at this moment."""

    NOWHERE = "nowhere"  # ringing, hearing a prompt, or gone
    QUEUE = "queue"
    MESSAGE = "message"
    PAIR = "pair"
    ROOM = "room"
    ASIDE = "aside"
    MONITORING = "monitoring"
    LEAVING = "leaving"  # hears the goodbye


class Mode(StrEnum):
    """How a supervisor takes part in a call."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


class RungOutcome(StrEnum):
    """How one ring of the ladder ended."""

    JOINED = "joined"
    ACCEPTED_TOO_LATE = "accepted_too_late"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    NO_KEY = "no_key"
    HUNG_UP = "hung_up"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
