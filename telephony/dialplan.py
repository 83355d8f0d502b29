"""Room telephony: every name of the dialplan that Python speaks of.

`tests/e2e/test_config_matches_code.py` checks them against the rendered files, both ways.
"""

from typing import Final

# Contexts a channel is sent to by the controller.
CONNECT: Final = "connect"
EMERGENCY: Final = "emergency"
ROOM: Final = "room"
ASIDE: Final = "aside"
GOODBYE: Final = "goodbye"
AWAITING: Final = "awaiting"
BACK_TO_QUEUE: Final = "back_to_queue"
NOBODY_THERE: Final = "T"  # the extension of ROOM where a newcomer hears an apology
ROOM_NAME: Final = "room-{}"
MONITORING: Final = "monitoring"
RING_BACK: Final = "ring_back"

# Contexts that only the dialplan itself enters; named here because facts speak of them.
DIAL_IN: Final = "dial_in"
GREETING: Final = "greeting"
QUEUE_CONTEXT: Final = "queue"
MESSAGE: Final = "message"
OPERATOR: Final = "operator"
DESK: Final = "desk"
# The service calls itself: context, queue and the number that was called.
PROBE: Final = "probe"
CALL_BACK: Final = "call_back"
FULL_HOUSE: Final = "full_house"
DESK_REMEMBER: Final = "desk_remember"
OVERFLOW: Final = "overflow"

DIALLED: Final = "dialled"
DOCTOR: Final = "doctor"
TRANSFER: Final = "transfer"
TRANSFERRED: Final = "transferred"
RECORD_PROMPT: Final = "record_prompt"
# A flow's context is this and its version; see telephony/ivr/compile.py.
FLOW_PREFIX: Final = "flow-"

QUEUE: Final = "hotline"
GUIDES: Final = "guides"
SKILL_QUEUE: Final = "skill_{}"
GUIDE: Final = "guide"  # the skill of those behind the operators; they wait in their own queue
TRUNK: Final = "trunk"
# A global variable, and on the service's call to itself one of that channel.
OWN_QUEUE: Final = "QUEUE"
ROOM_WAIT_SECONDS: Final = 5

# What the dialplan says in CELGenUserEvent.
CALL: Final = "CALL"
TRACK: Final = "TRACK"
QUEUED: Final = "QUEUED"
UNQUEUED: Final = "UNQUEUED"
MESSAGE_OFFERED: Final = "MESSAGE"
MESSAGE_STARTED: Final = "MESSAGE_STARTED"
ACCEPTED: Final = "ACCEPTED"
DECLINED: Final = "DECLINED"
WRONG_KEY: Final = "WRONG_KEY"
NO_KEY: Final = "NO_KEY"
NOBODY_JOINED: Final = "NOBODY_JOINED"
IN_ROOM: Final = "ROOM"
PUT_ASIDE: Final = "ASIDE"
MONITOR: Final = "MONITOR"
SAID_GOODBYE: Final = "GOODBYE"
WORDS_ASKED: Final = "WORDS_ASKED"
WORDS_HEARD: Final = "WORDS_HEARD"
DIAL_OVER: Final = "DIAL_OVER"
CALL_BACK_ASKED: Final = "CALL_BACK"
TURNED_AWAY: Final = "FULL_HOUSE"
RING_BACK_READY: Final = "RING_BACK"
FEATURE: Final = "FEATURE"
# …and what flows say in it.
FLOW_NODE: Final = "FLOW_NODE"
FLOW_KEY: Final = "FLOW_KEY"
FLOW_DIGITS: Final = "FLOW_DIGITS"
FLOW_ANSWER: Final = "FLOW_ANSWER"
WISH: Final = "WISH"
RATED: Final = "RATED"

# Channel and global variables that Python and the dialplan share.
FLOW: Final = "FLOW"
FLOW_AFTER: Final = "FLOW_AFTER"
AWAITED: Final = "AWAITED"  # of a citizen for whom somebody is rung: the room's name
NAME_OF_ROOM: Final = "ROOM"  # of whoever may be sent to [room]; without it: the call's id
WORDS: Final = "WORDS"  # of a partner: the file they asked for
NO_SOUND: Final = "NO_SOUND"  # global, "1": nothing is recorded, the disk is full
NO_WORDS: Final = "none"
