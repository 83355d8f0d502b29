"""Room telephony/queueing: an operator's phone in its queues: signed in, out, paused, skilled.

The same as the feature codes of `[desk]` do without us; Asterisk remembers who sits where and
what they can do, so that the codes know it too.
"""

from collections.abc import Iterable
from typing import Any

from store.base import new_id, now
from telephony import commands as c
from telephony import dialplan
from telephony import facts as f
from telephony.ami.actions import (
    Action,
    Originate,
    QueueAdd,
    QueuePause,
    QueueRemove,
    QueueStatus,
)
from telephony.ami.messages import Accepted, Outcome, RawEvent, Refused, Unknown
from telephony.bridge.refusals import Refusal
from telephony.carrying_out import Hands
from telephony.queueing import facts as q


def queues_of(skills: Iterable[str]) -> list[str]:
    """The queues these skills belong to: a guide stands behind all others."""
    wanted = list(dict.fromkeys(skills))
    first = dialplan.GUIDES if dialplan.GUIDE in wanted else dialplan.QUEUE
    others = [dialplan.SKILL_QUEUE.format(s) for s in wanted if s != dialplan.GUIDE]
    return [first, *others]


async def sign_in(hands: Hands, body: c.SignIn) -> Outcome:
    """Into every queue of their skills; twice is once. One person, one phone, and one each."""
    rows = await hands.link.listing(QueueStatus())
    if isinstance(rows, Refused | Unknown):
        return rows
    for removal in _others(rows, body):
        await hands.link.send(removal)  # who is in no queue any more is out of it
    await _remember(hands, body.extension, body.operator_id, body.skills)
    actions: list[Action] = [_add(queue, body) for queue in queues_of(body.skills)]
    outcome = await _all(hands, actions)
    if isinstance(outcome, Accepted):
        # Asterisk keeps members over restarts, and their pause with them.
        await hands.link.send(QueuePause(interface=_phone(body.extension), paused=False))
    return _done(hands, outcome, f.OperatorSignedIn, body)


async def sign_out(hands: Hands, body: c.SignOut) -> Outcome | Refusal:
    """Out of every queue."""
    memberships = await _memberships(hands, body.extension)
    if isinstance(memberships, Refused | Unknown):
        return memberships
    if not memberships:
        return Refusal.NOT_SIGNED_IN
    phone = _phone(body.extension)
    outcome = await _all(hands, [QueueRemove(m.get("Queue"), phone) for m in memberships])
    return _done(hands, outcome, f.OperatorSignedOut, body)


async def pause(hands: Hands, body: c.Pause) -> Outcome:
    """In all queues at once; an empty reason makes ready again."""
    paused = bool(body.reason)
    action = QueuePause(
        interface=_phone(body.extension), paused=paused, reason="paused" if paused else ""
    )
    outcome = await hands.link.send(action)
    return _done(hands, outcome, f.OperatorPaused, body, paused=paused, reason=body.reason)


async def ready(hands: Hands, body: c.Ready) -> Outcome | Refusal:
    """The time after the last call is over: who leaves a queue and comes back is free at once."""
    memberships = await _memberships(hands, body.extension)
    if isinstance(memberships, Refused | Unknown):
        return memberships
    if not memberships:
        return Refusal.NOT_SIGNED_IN
    phone = _phone(body.extension)
    actions: list[Action] = []
    for member in memberships:
        actions += [QueueRemove(member.get("Queue"), phone), _add(member.get("Queue"), body)]
    outcome = await _all(hands, actions)
    return _done(hands, outcome, f.OperatorPaused, body, paused=False)


async def set_skills(hands: Hands, body: c.SetSkills, by: str) -> Outcome:
    """From now on; a phone that is signed in changes its queues at once."""
    memberships = await _memberships(hands, body.extension)
    if isinstance(memberships, Refused | Unknown):
        return memberships
    outcome: Outcome = await _remember(hands, body.extension, body.operator_id, body.skills)
    if memberships:
        outcome = await _move(hands, body, memberships)
    if isinstance(outcome, Accepted):
        hands.registry.record(
            q.OperatorSkillsSet(
                at=now(), operator_id=body.operator_id, extension=body.extension,
                skills=body.skills, by=by,
            )
        )  # fmt: skip
    return outcome


async def _move(hands: Hands, body: c.SetSkills, memberships: list[RawEvent]) -> Outcome:
    there = [member.get("Queue") for member in memberships]
    paused = any(member.get("Paused") == "1" for member in memberships)
    wanted = queues_of(body.skills)
    actions: list[Action] = [_add(x, body, paused) for x in wanted if x not in there]
    actions += [QueueRemove(x, _phone(body.extension)) for x in there if x not in wanted]
    return await _all(hands, actions)


def _others(rows: Iterable[RawEvent], body: c.SignIn) -> list[Action]:
    """Out of their queues: this person's other phones, and whoever was at this one."""
    phone = _phone(body.extension)
    return [
        QueueRemove(x.get("Queue"), x.get("Location"))
        for x in rows
        if x.name == "QueueMember"
        if (x.get("Location") == phone) != (x.get("Name") == body.operator_id)
    ]


async def _memberships(hands: Hands, extension: str) -> list[RawEvent] | Refused | Unknown:
    rows = await hands.link.listing(QueueStatus())
    if isinstance(rows, Refused | Unknown):
        return rows
    phone = _phone(extension)
    return [x for x in rows if x.name == "QueueMember" and x.get("Location") == phone]


async def _remember(hands: Hands, extension: str, who: str, skills: Iterable[str]) -> Outcome:
    """Asterisk lets nobody outside write into its database: its own dialplan does, for this."""
    remember = Originate(
        channel=f"Local/s@{dialplan.DESK_REMEMBER}/n", channel_id=f"d{new_id()}",
        context=dialplan.DESK_REMEMBER, exten="kept",
        variables={"DESK": extension, "WHO": who, "SKILLS": "&".join(skills)},
    )  # fmt: skip
    return await hands.link.send(remember)


async def _all(hands: Hands, actions: Iterable[Action]) -> Outcome:
    """Every action; the first that fails is the answer. What is so already is no failure."""
    outcome: Outcome = Accepted({})
    for action in actions:
        answer = await hands.link.send(action)
        if isinstance(answer, Refused) and "already" in answer.reason.lower():
            continue
        if not isinstance(answer, Accepted):
            return answer
    return outcome


def _done(hands: Hands, outcome: Outcome, kind: Any, body: Any, **more: Any) -> Outcome:
    if isinstance(outcome, Accepted):
        fact = kind(at=now(), operator_id=body.operator_id, extension=body.extension, **more)
        hands.registry.record(fact)
    return outcome


def _add(queue: str, body: Any, paused: bool = False) -> QueueAdd:
    phone = _phone(body.extension)
    return QueueAdd(
        queue=queue, interface=phone, member_name=body.operator_id, state_interface=phone,
        paused=paused,
    )  # fmt: skip


def _phone(extension: str) -> str:
    return f"PJSIP/{extension}"
