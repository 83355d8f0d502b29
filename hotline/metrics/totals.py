"""Room hotline/metrics: counters and histograms, counted from facts; exact over restarts.

`data` is the follower's own row: counters `{name: {label: count}}` under "counts", and
histograms `{name: {"buckets": [...], "sum": seconds}}` under "times".
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from store.journal import JournalRow
from telephony.dialplan import PROBE
from telephony.tables import PhoneCall

FOLLOWER = "metrics"
# Upper ends in seconds; the last bucket, without an end, is added by `observe`.
BUCKETS: dict[str, tuple[float, ...]] = {
    "time_to_answer": (1, 2, 5, 10, 15, 20, 30, 60, 120, 300),
    "call_duration": (10, 30, 60, 120, 300, 600, 1200, 3600),
    "seal": (0.5, 1, 2, 5, 10, 30, 60, 300),
    "transcript": (5, 15, 30, 60, 120, 300, 900, 3600),
    "ticket": (1, 5, 15, 30, 60, 120, 300, 900, 3600),
}
# A call that the service makes to itself (`hotline probe`) is nobody's.
PROBE_NUMBER = PROBE

Totals = dict[str, Any]
Count = Callable[[AsyncSession, JournalRow, Totals], Awaitable[None]]


async def count_fact(session: AsyncSession, fact: JournalRow, totals: Totals) -> None:
    """Add one fact to the totals; most facts count nothing."""
    if count := _COUNTED.get(fact.kind):
        await count(session, fact, totals)


def add(totals: Totals, name: str, label: str = "") -> None:
    counts = totals.setdefault("counts", {}).setdefault(name, {})
    counts[label] = counts.get(label, 0) + 1


def observe(totals: Totals, name: str, seconds: float) -> None:
    """One measured time; every bucket counts for itself, the rest is the reader's."""
    ends = BUCKETS[name]
    empty = {"buckets": [0] * (len(ends) + 1), "sum": 0.0}
    times = totals.setdefault("times", {}).setdefault(name, empty)
    place = next((n for n, end in enumerate(ends) if seconds <= end), len(ends))
    times["buckets"][place] += 1
    times["sum"] += max(0.0, seconds)


async def _call(session: AsyncSession, fact: JournalRow) -> PhoneCall | None:
    """The fact's call, unless it is one of the service's own."""
    call = await session.get(PhoneCall, fact.call_id) if fact.call_id else None
    return None if call is None or call.called == PROBE_NUMBER else call


async def _started(session: AsyncSession, fact: JournalRow, totals: Totals) -> None:
    if await _call(session, fact):
        add(totals, "calls_started")


async def _answered(session: AsyncSession, fact: JournalRow, totals: Totals) -> None:
    call = await _call(session, fact)
    if call is not None and fact.data.get("role") == "operator" and call.operator_at == fact.at:
        observe(totals, "time_to_answer", _between(call.started_at, fact.at))


async def _ended(session: AsyncSession, fact: JournalRow, totals: Totals) -> None:
    call = await _call(session, fact)
    if call is None:
        return
    answered = call.operator_at or call.talked_at
    outcome = "answered" if answered else "message" if call.left_message else "abandoned"
    add(totals, "calls", outcome)
    if call.line_broke:
        add(totals, "calls_broken")
    observe(totals, "call_duration", _between(call.started_at, fact.at))


def _since_end(name: str) -> Count:
    """How long after the call's end this came; the first of its kind or all alike."""

    async def count(session: AsyncSession, fact: JournalRow, totals: Totals) -> None:
        call = await _call(session, fact)
        if call is not None and call.ended_at is not None and fact.data.get("matter", 1) == 1:
            observe(totals, name, _between(call.ended_at, fact.at))

    return count


def _labelled(name: str, of: Callable[[dict[str, Any]], str]) -> Count:
    async def count(session: AsyncSession, fact: JournalRow, totals: Totals) -> None:
        add(totals, name, of(fact.data))

    return count


def _between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


async def _probe(session: AsyncSession, fact: JournalRow, totals: Totals) -> None:
    add(totals, "probes", "ok" if fact.data["ok"] else "failed")
    totals["last_probe"] = {
        "ok": fact.data["ok"], "seconds": fact.data["seconds"], "at": fact.at.timestamp(),
    }  # fmt: skip


_COUNTED: dict[str, Count] = {
    "call_started": _started,
    "leg_answered": _answered,
    "call_ended": _ended,
    "rung_over": _labelled("rungs", lambda data: str(data["outcome"])),
    "connect_over": _labelled("connects", lambda data: str(data["how"])),
    "command_done": _labelled("commands", lambda _: "done"),
    "command_refused": _labelled("commands", lambda _: "refused"),
    "command_unknown": _labelled("commands", lambda _: "unknown"),
    "recording_sealed": _since_end("seal"),
    "TranscriptMade": _since_end("transcript"),
    "ticket_opened": _since_end("ticket"),
    "recording_gap": _labelled("recording_gaps", lambda _: ""),
    "call_not_taken": _labelled("calls_not_taken", lambda data: str(data["trunk"])),
    "clock_stepped": _labelled("clock_steps", lambda _: ""),
    "seal_failed": _labelled("seal_failures", lambda _: ""),
    "work_died": _labelled("work_died", lambda data: str(data["stage"])),
    "projection_failed": _labelled("projections_failed", lambda _: ""),
    "alarm_raised": _labelled("alarms", lambda data: str(data["alarm"])),
    "probe_done": _probe,
}
