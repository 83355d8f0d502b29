"""Room telephony/trunks: which trunk is dialled next, and when the next may be. No I/O.

Nobody is ever rung twice for one rung: the next trunk is tried only where the first one's
INVITE got no 18x and no 200, so that no telephone can have rung (docs/adr/0016).
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from telephony.trunks.trunk import Trunk


class TrunkState(StrEnum):
    """What a trunk's answers to OPTIONS say."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class NotReached(StrEnum):
    """How an INVITE ended that no telephone can have rung for."""

    REFUSED = "refused"  # the carrier, or our own transport, said that it cannot
    SILENT = "silent"  # nobody said anything


# Answers that speak of the carrier, not of the person: 401/403/407 our account, 408 no answer
# from the next server, 488/606 no codec in common, and every 5xx but 501. The dialplan's own
# rule, for transfers, is written from these two and the states below.
OF_THE_CARRIER: Final = frozenset({401, 403, 407, 408, 488, 500, 502, 503, 504, 580, 606})
# Q.850 causes of our own side where no SIP answer came: no route, network out of order,
# temporary failure, congestion, no bearer capability.
OF_OUR_SIDE: Final = frozenset({3, 27, 34, 38, 41, 42, 58})
# Channel states in which a telephone rings, or was answered.
RANG: Final = ("Ringing", "Up")
_STATUS: Final = re.compile(r"SIP (\d{3})")


def choose(
    trunks: Sequence[Trunk], states: Mapping[str, TrunkState], tried: Sequence[str]
) -> Trunk | None:
    """The first trunk that is not down and not tried; with all down the first, once."""
    alive = [t for t in trunks if states.get(t.name) is not TrunkState.DOWN]
    return next((t for t in alive or trunks[:1] if t.name not in tried), None)


def not_reached(said: str) -> NotReached | None:
    """What the dialplan says of a ring that is over: `channel state|far tag|cause|last answer`.

    None where a telephone may have rung: then the rung is spent.
    """
    state, tag, cause, answer = [*said.split("|", 3), "", "", ""][:4]
    if tag or state in RANG:
        return None
    status = _STATUS.search(answer)
    if status is not None:
        return NotReached.REFUSED if int(status[1]) in OF_THE_CARRIER else None
    if cause.isdigit() and int(cause) in OF_OUR_SIDE:
        return NotReached.REFUSED
    return NotReached.SILENT


def may_try_next(why: NotReached, state: TrunkState | None) -> bool:
    """A silent trunk may only be slow; it is given up where it does not answer OPTIONS either."""
    return why is NotReached.REFUSED or state is TrunkState.DOWN


def next_trunk(
    trunks: Sequence[Trunk],
    states: Mapping[str, TrunkState],
    tried: Sequence[str],
    why: NotReached | None,
) -> Trunk | None:
    """Who rings this person now; `tried`, `why`: the trunks asked before, and how the last failed.

    None where nobody is left, or where a telephone may have rung.
    """
    if tried and (why is None or not may_try_next(why, states.get(tried[-1]))):
        return None
    return choose(trunks, states, tried)
