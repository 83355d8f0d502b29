"""Room telephony: facts → rows of the main database, in the forwarder's transaction."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import Column, update
from sqlalchemy.ext.asyncio import AsyncSession

from store.base import table_of
from store.facts import Fact
from store.late import late_rows
from telephony import facts as f
from telephony.bridge.facts import HandoverAsked
from telephony.queueing.projection import PROJECTIONS as QUEUEING
from telephony.roles import Place, Role
from telephony.tables import Command, Connect, Leg, Operator, PhoneCall

Private = Mapping[str, Any]


# Calls and legs change with nearly every fact, so these rows wait (store/late.py) and are written
# without the ORM's bookkeeping.
_CALLS, _LEGS = table_of(PhoneCall), table_of(Leg)


def _fitting(text: str | None, column: Column[Any]) -> str | None:
    """Cut to what the column holds: PostgreSQL refuses a whole row for one long caller id."""
    longest = getattr(column.type, "length", None)
    return text if text is None else text.replace("\0", "")[:longest]


async def _call_started(session: AsyncSession, fact: f.CallStarted, private: Private) -> None:
    late_rows(session).insert(
        _CALLS, fact.call_id or "",
        {
            "node": fact.node, "started_at": fact.at,
            "called": _fitting(fact.called, _CALLS.c.called),
            "caller_number": _fitting(private.get("caller_number"), _CALLS.c.caller_number),
            "caller_name": _fitting(private.get("caller_name"), _CALLS.c.caller_name),
            "stage": "live", "left_message": False, "line_broke": False,
            "direction": fact.direction,
        },
    )  # fmt: skip


async def _leg_started(session: AsyncSession, fact: f.LegStarted, private: Private) -> None:
    late_rows(session).insert(
        _LEGS, fact.leg_id,
        {
            "call_id": fact.call_id, "role": fact.role.value,
            "channel": _fitting(fact.channel, _LEGS.c.channel),
            "number": _fitting(private.get("number"), _LEGS.c.number),
            "person_id": fact.person_id, "request_id": fact.request_id,
            "started_at": fact.at, "place": Place.NOWHERE.value, "muted": False,
        },
    )  # fmt: skip


def _leg(session: AsyncSession, fact: Any, **values: Any) -> None:
    late_rows(session).update(_LEGS, fact.leg_id, values)


def _call(session: AsyncSession, fact: Fact, **values: Any) -> None:
    late_rows(session).update(_CALLS, fact.call_id or "", values)


async def _leg_named(session: AsyncSession, fact: f.LegNamed, _: Private) -> None:
    _leg(session, fact, role=fact.role.value)


async def _leg_answered(session: AsyncSession, fact: f.LegAnswered, _: Private) -> None:
    _leg(session, fact, answered_at=fact.at)
    if fact.role is Role.CITIZEN:
        _call(session, fact, answered_at=fact.at)
    elif fact.role is Role.OPERATOR:
        late_rows(session).update_first(_CALLS, fact.call_id or "", "operator_at", fact.at)


async def _leg_moved(session: AsyncSession, fact: f.LegMoved, _: Private) -> None:
    _leg(session, fact, place=fact.place.value)
    if fact.place is not Place.ROOM:  # a room forgets who was muted with who leaves
        _leg(session, fact, muted=False)
    if fact.place is Place.MESSAGE:
        _call(session, fact, left_message=True)
    elif fact.role is Role.CITIZEN and fact.place in (Place.PAIR, Place.ROOM):
        late_rows(session).update_first(_CALLS, fact.call_id or "", "talked_at", fact.at)


async def _leg_ended(session: AsyncSession, fact: f.LegEnded, _: Private) -> None:
    _leg(session, fact, ended_at=fact.at, cause=fact.cause, place=Place.NOWHERE.value)


async def _leg_muted(session: AsyncSession, fact: f.LegMuted, _: Private) -> None:
    _leg(session, fact, muted=fact.muted)


async def _monitoring(session: AsyncSession, fact: f.MonitoringMode, _: Private) -> None:
    _leg(session, fact, mode=fact.mode.value)


async def _call_ended(session: AsyncSession, fact: f.CallEnded, _: Private) -> None:
    _call(session, fact, ended_at=fact.at, stage="ended", line_broke=fact.line_broke)
    # Where the line broke in the middle of a ring, nothing else ends the request.
    await session.execute(
        update(Connect)
        .where(Connect.call_id == fact.call_id, Connect.over_at.is_(None))
        .values(state="over", how="call_over", over_at=fact.at)
    )


async def _connect_asked(session: AsyncSession, fact: f.ConnectAsked, _: Private) -> None:
    session.add(
        Connect(
            request_id=fact.request_id, call_id=fact.call_id, unit_id=fact.unit_id,
            role=fact.role.value, topic=fact.topic, state="ringing", asked_at=fact.at,
            rungs=[
                {"person_id": person, "outcome": None}
                | ({"unit_id": unit} if unit != fact.unit_id else {})
                for person, unit in zip(
                    fact.persons, fact.units or [fact.unit_id] * len(fact.persons), strict=True
                )
            ],
            handover=False,
        )
    )  # fmt: skip


async def _connect(session: AsyncSession, fact: Any) -> Connect | None:
    return await session.get(Connect, fact.request_id)


async def _rung_rung(session: AsyncSession, fact: f.RungRung, _: Private) -> None:
    if connect := await _connect(session, fact):
        _set_rung(connect, fact.rung, leg_id=fact.leg_id, rung_at=fact.at.isoformat())


async def _rung_over(session: AsyncSession, fact: f.RungOver, _: Private) -> None:
    if connect := await _connect(session, fact):
        _set_rung(connect, fact.rung, outcome=fact.outcome.value)


def _set_rung(connect: Connect, number: int, **values: Any) -> None:
    rungs = [dict(rung) for rung in connect.rungs]
    rungs[number].update(values)
    connect.rungs = rungs  # a new list: SQLAlchemy does not see changes inside JSON


async def _accepted(session: AsyncSession, fact: f.ConnectAccepted, _: Private) -> None:
    if connect := await _connect(session, fact):
        connect.state = "accepted"


async def _joined(session: AsyncSession, fact: f.ConnectJoined, _: Private) -> None:
    if connect := await _connect(session, fact):
        connect.state, connect.joined_at = "joined", fact.at
        came = next((x for x in connect.rungs if x.get("leg_id") == fact.leg_id), {})
        connect.joined_unit = came.get("unit_id", connect.unit_id)


async def _handover(session: AsyncSession, fact: HandoverAsked, _: Private) -> None:
    if connect := await _connect(session, fact):
        connect.handover = True


async def _over(session: AsyncSession, fact: f.ConnectOver, _: Private) -> None:
    if connect := await _connect(session, fact):
        connect.how, connect.over_at = fact.how, fact.at
        connect.state = "joined" if fact.how == "joined" else "over"


def _command(state: str) -> Callable[[AsyncSession, Any, Private], Awaitable[None]]:
    async def change(session: AsyncSession, fact: Any, _: Private) -> None:
        await session.execute(
            update(Command)
            .where(Command.command_id == fact.command_id)
            .values(state=state, reason=getattr(fact, "reason", None), changed_at=fact.at)
        )

    return change


async def _operator(session: AsyncSession, fact: Any, state: str, reason: str | None) -> None:
    row = await session.get(Operator, fact.operator_id)
    if row is None:
        row = Operator(operator_id=fact.operator_id, extension=fact.extension, since=fact.at)
        session.add(row)
    row.extension, row.state, row.pause_reason, row.since = (
        fact.extension, state, reason, fact.at,
    )  # fmt: skip


async def _signed_in(session: AsyncSession, fact: f.OperatorSignedIn, _: Private) -> None:
    # One phone, one person: whoever sat there before is gone.
    others = (Operator.extension == fact.extension) & (Operator.operator_id != fact.operator_id)
    await session.execute(update(Operator).where(others).values(state="out", pause_reason=None))
    await _operator(session, fact, "ready", None)


async def _signed_out(session: AsyncSession, fact: f.OperatorSignedOut, _: Private) -> None:
    await _operator(session, fact, "out", None)


async def _paused(session: AsyncSession, fact: f.OperatorPaused, _: Private) -> None:
    state = "paused" if fact.paused else "ready"
    await _operator(session, fact, state, fact.reason or None)


PROJECTIONS: dict[type[Fact], Callable[[AsyncSession, Any, Private], Awaitable[None]]] = {
    f.CallStarted: _call_started,
    f.LegStarted: _leg_started,
    f.LegNamed: _leg_named,
    f.LegAnswered: _leg_answered,
    f.LegMoved: _leg_moved,
    f.LegEnded: _leg_ended,
    f.LegMuted: _leg_muted,
    f.MonitoringMode: _monitoring,
    f.CallEnded: _call_ended,
    f.ConnectAsked: _connect_asked,
    f.RungRung: _rung_rung,
    f.RungOver: _rung_over,
    f.ConnectAccepted: _accepted,
    f.ConnectJoined: _joined,
    f.ConnectOver: _over,
    HandoverAsked: _handover,
    f.CommandTaken: _command("doing"),
    f.CommandDone: _command("done"),
    f.CommandRefused: _command("refused"),
    f.CommandUnknown: _command("unknown"),
    f.OperatorSignedIn: _signed_in,
    f.OperatorSignedOut: _signed_out,
    f.OperatorPaused: _paused,
    **QUEUEING,
}
