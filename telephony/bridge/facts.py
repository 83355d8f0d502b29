"""Room telephony/bridge: what happens between the answer of a partner and the room."""

from typing import ClassVar

from store.facts import Fact


class LeftAlone(Fact):
    """The last one in a call is sent where they hear this: goodbye | apology | queue."""

    kind: ClassVar[str] = "left_alone"
    leg_id: str
    hears: str


class HandoverAsked(Fact):
    """The operator leaves the call to this partner as soon as they are there."""

    kind: ClassVar[str] = "handover_asked"
    request_id: str
    by: str


class RoomNamed(Fact):
    """Whoever joins this call goes to the room of this name; no other call has it meanwhile."""

    kind: ClassVar[str] = "room_named"
    room: str


class WordsAsked(Fact):
    """A dispatcher pressed 3: what has the citizen said so far?"""

    kind: ClassVar[str] = "words_asked"
    request_id: str
    leg_id: str


class WordsPrepared(Fact):
    """What there is to hear, in seconds without the pauses; 0 where there is nothing."""

    kind: ClassVar[str] = "words_prepared"
    request_id: str
    leg_id: str
    seconds: float


class WordsHeard(Fact):
    """The citizen's own words were played to this person, from the start or up to a key."""

    kind: ClassVar[str] = "words_heard"
    request_id: str
    leg_id: str
    person_id: str
    unit_id: str
