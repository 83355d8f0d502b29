"""Room telephony/bridge: whoever is left alone in a call is not left in silence. No I/O.

| alone | because | they |
| --- | --- | --- |
| citizen | the rest left while somebody is still rung | hear music (the room's own) and wait |
| citizen | the operator left last, nobody was rung: the talk was over | hear goodbye |
| citizen | a partner left last, the operator well before | go back to the queue, first |
| citizen | a partner left whom they had been handed over to | go back to the queue, first |
| citizen | the operator left, and then nobody of those rung came | go back to the queue, first |
| citizen | put aside, and everybody left | go back to the queue, first |
| newcomer | nobody is there any more whom they could talk to | hear an apology |
| anybody else | the citizen left last | hear goodbye |

An operator who hangs up ends a talk on purpose; one who has handed over was let go by us, and
ends nothing. A partner who hangs up, or whose line drops, is no reason to drop the citizen: who
needs nothing more hangs up as well.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from telephony.bridge.steps import Apologise, BackToQueue, SendHome, Step
from telephony.calls.state import Call, Leg, Request
from telephony.roles import Mode, Place, Role, RungOutcome

# Those of the hotline: their leaving ends the talk.
STAFF = (Role.OPERATOR, Role.SUPERVISOR, Role.LEADER)
# Operator and partner who hang up within this have ended the talk together, in whatever order:
# if they were in it together.
TOGETHER = timedelta(seconds=2)
# Asterisk moves legs within milliseconds; a move not seen by then is asked again. By its size: a
# clock that was stepped back must not stop a call for an hour.
MOVE_AGAIN = timedelta(seconds=1)


def left_alone(call: Call, now: datetime) -> list[Step]:
    """What the last one in a call is to hear, if there is such a one."""
    alone = _the_last_one(call)
    if alone is None or call.open_requests or _just_sent(alone, now):
        return []
    if alone.role is Role.CITIZEN and (alone.place is Place.ASIDE or _still_wants_help(call)):
        return [BackToQueue(alone.leg_id)]
    return [Apologise(alone.leg_id) if _never_joined(call, alone) else SendHome(alone.leg_id)]


def _just_sent(leg: Leg, now: datetime) -> bool:
    return leg.sent_away_at is not None and abs(now - leg.sent_away_at) < MOVE_AGAIN


def _the_last_one(call: Call) -> Leg | None:
    """The only one who talks or is put aside, while nobody is on the way to them."""
    here = call.at(Place.ROOM) + call.at(Place.ASIDE)
    if len(here) != 1:
        return None
    others = [x for x in call.live() if x.leg_id != here[0].leg_id]
    coming = [x for x in others if x.place not in (Place.MONITORING, Place.LEAVING)]
    return None if coming else here[0]


def _still_wants_help(call: Call) -> bool:
    """Whether it was not the hotline's own people who ended the talk."""
    ended = _newest(x.ended_at for x in call.legs.values() if _talked_for_us(call, x))
    partners = [
        (call.legs.get(r.leg_id or ""), x) for x in call.requests.values() for r in x.joined
    ]
    if any(leg and _left_after(ended, leg, request) for leg, request in partners):
        return True
    in_vain = _newest(r.over_at for r in call.requests.values() if not r.joined)
    return in_vain is not None and (ended is None or in_vain > ended)


def _left_after(ended: datetime | None, partner: Leg, request: Request) -> bool:
    """Whether this partner left, and after the hotline's own had ended the talk, if they had."""
    if partner.ended_at is None or ended is None:
        return partner.ended_at is not None
    met = request.joined_at is not None and request.joined_at < ended
    return partner.ended_at - ended > (TOGETHER if met else timedelta(0))


def _talked_for_us(call: Call, leg: Leg) -> bool:
    listens = leg.role is Role.SUPERVISOR and leg.mode is not Mode.BARGE
    talked = leg.role in STAFF and leg.answered_at is not None and not listens
    return talked and not _handed_over_by(call, leg)


def _handed_over_by(call: Call, leg: Leg) -> bool:
    """One of the operators of the moment in which a citizen was handed over to who then joined."""
    return leg.role is Role.OPERATOR and any(
        request.handover_at and request.joined and leg.started_at < request.handover_at
        for request in call.requests.values()
    )


def _newest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((x for x in moments if x is not None), default=None)


def _never_joined(call: Call, leg: Leg) -> bool:
    rung = call.rung_of(leg.leg_id)
    return rung is not None and rung[0].rungs[rung[1]].outcome is not RungOutcome.JOINED
