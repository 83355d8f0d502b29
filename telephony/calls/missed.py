"""Room telephony/calls: a call or a leg whose beginning was never written, seen by a later sign.

Asterisk cannot write a line on a full disk, and does not write it later. But each line
says whose leg it is of, so the first line with room again tells what is going on.
"""

from copy import deepcopy
from typing import Any

from store.facts import Fact
from telephony import dialplan
from telephony import facts as f
from telephony.calls.state import Call, Calls
from telephony.cel.events import CelEvent
from telephony.numbers import read_number
from telephony.roles import Role

# Only a leg that was answered and lives says these: nothing is begun that is over already.
SIGNS = frozenset(
    {
        dialplan.TRACK, dialplan.QUEUED, dialplan.MESSAGE_STARTED, dialplan.FLOW_NODE,
        "BRIDGE_ENTER",
    }
)  # fmt: skip

# What the tables hold of the name a carrier sends.
NAME_LONGEST = 200

Missed = list[tuple[Fact, dict[str, Any]]]


def missed(event: CelEvent, calls: Calls, node: str) -> Missed:
    """What the lines before this one should have said; mostly nothing."""
    call_id = event.call_id
    if event.moment not in SIGNS or not call_id or event.role not in set(Role):
        return []
    call = calls.by_id.get(call_id)
    if call is None:
        if event.unique_id != call_id or event.role != Role.CITIZEN:
            return []  # helpers of a call that is over, or never was one
        return _call(event, calls, node)
    if event.unique_id in call.legs or event.unique_id in calls.call_of_leg:
        return []
    return _leg(event, call_id, Role(event.role))


def _call(event: CelEvent, calls: Calls, node: str) -> Missed:
    caller = read_number(event.caller_number, calls.area_code)
    # Which number was dialled stood in the line that is lost.
    started = f.CallStarted(at=event.at, call_id=event.call_id, node=node, called="")
    who = {**caller.private(), "caller_name": event.caller_name[:NAME_LONGEST]}
    return [(started, who), *_leg(event, event.unique_id, Role.CITIZEN, caller.canonical)]


def _leg(event: CelEvent, call_id: str, role: Role, number: str | None = None) -> Missed:
    endpoint = event.channel.partition("/")[2].rpartition("-")[0]
    citizen = role is Role.CITIZEN
    common = {"at": event.at, "call_id": call_id, "leg_id": event.unique_id, "role": role}
    started = f.LegStarted(**common, channel=event.channel, person_id=None if citizen else endpoint)
    return [(started, {"number": number if citizen else endpoint}), (f.LegAnswered(**common), {})]


def as_if_seen(calls: Calls, call_id: str, facts: Missed) -> Calls:
    """The state of this one call as it would be after these facts; a copy."""
    known: Call | None = calls.by_id.get(call_id)
    by_id = {call_id: deepcopy(known)} if known is not None else {}
    seen = Calls(by_id=by_id, area_code=calls.area_code)
    for call in by_id.values():
        seen.call_of_leg = dict.fromkeys(call.legs, call.call_id)
    for fact, private in facts:
        seen.apply(fact, private)
    return seen
