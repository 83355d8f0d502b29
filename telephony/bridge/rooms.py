"""Room telephony/bridge: rooms have a few names, given again and again (ADR 30). No I/O."""

from collections.abc import Iterable
from itertools import count

from telephony.calls.state import Call
from telephony.dialplan import ROOM_NAME
from telephony.roles import Place


def name_for(call: Call, calls: Iterable[Call]) -> str:
    """The first name that no other call has: `room-1`, `room-2`, … `calls`: all we know of."""
    taken = {other.room for other in calls if other.call_id != call.call_id}
    return next(name for n in count(1) if (name := ROOM_NAME.format(n)) not in taken)


def room_of(call: Call) -> str | None:
    """The room whoever joins this call goes to, None where it has none yet.

    Where somebody is already, Asterisk's own word counts: an older dialplan names a room by
    the call's id, and so does one that finds strangers behind the name.
    """
    there = call.at(Place.ROOM)
    said = next((leg.room for leg in there if leg.room), None)
    return said or call.room or (call.call_id if there else None)
