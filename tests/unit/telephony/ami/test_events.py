"""Raw messages and what they become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.ami import events
from telephony.ami.events import EventReader
from telephony.ami.messages import RawEvent

CALLER = {"Queue": "hotline", "Uniqueid": "pbx-1.2", "Count": "3", "Position": "2"}
MEMBER = {
    "Queue": "hotline", "MemberName": "1001", "Interface": "PJSIP/1001", "Status": "6",
    "Paused": "1", "PausedReason": "lunch", "Penalty": "2", "InCall": "0",
}  # fmt: skip
ROOM = {"Conference": "r1", "Channel": "PJSIP/1-1", "Uniqueid": "pbx-1.2"}
TABLE = [
    ("OriginateResponse",
     {"Response": "Success", "Reason": "4", "Uniqueid": "leg-9", "Channel": "PJSIP/6101-1"},
     events.OriginateSucceeded("leg-9", "PJSIP/6101-1")),
    ("OriginateResponse",
     {"Response": "Failure", "Reason": "5", "Uniqueid": "<unknown>", "Channel": "PJSIP/6101"},
     events.OriginateFailed("", "PJSIP/6101", 5, "busy")),
    ("OriginateResponse",
     {"Response": "Failure", "Reason": "99", "Uniqueid": "leg-9", "Channel": "PJSIP/6101"},
     events.OriginateFailed("leg-9", "PJSIP/6101", 99, "reason 99")),
    ("QueueMemberPause", MEMBER,
     events.QueueMemberChanged("paused", "hotline", "PJSIP/1001", "1001", "ringing", True, "lunch",
                               2, False)),
    ("QueueCallerJoin", CALLER, events.QueueCallerJoined("hotline", "pbx-1.2", 2, 3)),
    ("QueueCallerLeave", CALLER, events.QueueCallerLeft("hotline", "pbx-1.2", 3)),
    ("QueueCallerAbandon", CALLER | {"HoldTime": "41"},
     events.QueueCallerAbandoned("hotline", "pbx-1.2", 41)),
    ("AgentCalled", CALLER | {"Interface": "PJSIP/1001", "DestUniqueid": "pbx-1.3"},
     events.AgentCalled("hotline", "PJSIP/1001", "pbx-1.2", "pbx-1.3")),
    ("AgentRingNoAnswer", CALLER | {"Interface": "PJSIP/1001", "RingTime": "20000"},
     events.AgentRingNoAnswer("hotline", "PJSIP/1001", "pbx-1.2", 20000)),
    ("ConfbridgeJoin", ROOM, events.RoomJoined("r1", "PJSIP/1-1", "pbx-1.2")),
    ("ConfbridgeLeave", ROOM, events.RoomLeft("r1", "PJSIP/1-1", "pbx-1.2")),
    ("DeviceStateChange", {"Device": "PJSIP/1001", "State": "INUSE"},
     events.DeviceStateChanged("PJSIP/1001", "inuse")),
    ("PeerStatus", {"Peer": "PJSIP/1001", "PeerStatus": "Registered"},
     events.PhoneStatus("1001", "registered")),
    ("ContactStatus", {"EndpointName": "1001", "ContactStatus": "Reachable", "URI": "sip:x"},
     events.PhoneStatus("1001", "reachable", "sip:x")),
    ("FullyBooted", {}, events.FullyBooted()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "headers", "becomes"), TABLE)
def test_each_message_becomes_its_event(
    name: str, headers: dict[str, str], becomes: object
) -> None:
    assert EventReader().read_event(RawEvent(name, headers)) == becomes


def test_unknown_and_malformed_are_counted_apart() -> None:
    reader = EventReader()
    assert reader.read_event(RawEvent("RTCPSent", {})) is None
    assert reader.read_event(RawEvent("ConfbridgeJoin", {})) is None
    assert (reader.unknown["RTCPSent"], reader.malformed["ConfbridgeJoin"]) == (1, 1)


@given(
    st.sampled_from(sorted(events._READERS)),
    st.dictionaries(st.sampled_from(["Queue", "Status", "Uniqueid", "Interface", "EventTime",
                                     "Timestamp", "EventName", "Reason", "Channel"]), st.text()),
)  # fmt: skip
def test_nothing_makes_the_reader_raise(name: str, headers: dict[str, str]) -> None:
    EventReader().read_event(RawEvent(name, headers))


def test_variables_of_a_status_event_leave_out_the_unset() -> None:
    event = RawEvent("Status", {"Variable": "CALL_ID=pbx-1.2\nROLE=(null)\nX=a=b"})
    assert event.variables() == {"CALL_ID": "pbx-1.2", "X": "a=b"}
