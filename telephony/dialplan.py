"""Room telephony: every name of the dialplan that Python speaks of.

`tests/e2e/test_config_matches_code.py` checks them against the rendered files, both ways.
"""

from typing import Final

# Contexts a channel is sent to by the controller.
CONNECT: Final = "connect"
ROOM: Final = "room"
ASIDE: Final = "aside"
GOODBYE: Final = "goodbye"
MONITORING: Final = "monitoring"

# Contexts that only the dialplan itself enters; named here because facts speak of them.
DIAL_IN: Final = "dial_in"
GREETING: Final = "greeting"
QUEUE_CONTEXT: Final = "queue"
MESSAGE: Final = "message"
OPERATOR: Final = "operator"
DESK: Final = "desk"

QUEUE: Final = "hotline"
TRUNK: Final = "trunk"
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
LEG_OVER: Final = "LEG_OVER"
