"""Room hotline/metrics: one scrape: the database's rows and totals as Prometheus families."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.alarms.tables import Alarm
from hotline.health.heartbeat import SILENT_AFTER
from hotline.health.tables import Follower, PartState
from hotline.metrics.totals import BUCKETS, FOLLOWER
from hotline.owed.tables import OwedWork
from store.base import now
from store.database import Database, DatabaseAway
from telephony.tables import Operator

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"

# What a part says of itself in its heartbeat → gauge and its help. Numbers and booleans only.
_SAID = {
    "ami": ("ami_link_up", "Whether the controller's link to Asterisk stands."),
    "asterisk": ("asterisk_up", "Whether Asterisk runs, as the controller sees it."),
    "live_calls": ("calls_live", "Calls going on."),
    "waiting": ("queue_callers", "Callers waiting for an operator."),
    "unforwarded": ("forwarder_lag_facts", "Facts the main database does not have yet."),
    "forwarder_away_seconds": ("forwarder_away_seconds", "For how long forwarding has failed."),
    "cel_unread_bytes": ("cel_unread_bytes", "Bytes of Asterisk's event file not read yet."),
    "spool_calls": ("spool_calls", "Calls whose recording lies unsealed, live ones included."),
    "disk_free_bytes": ("disk_free_bytes", "Free bytes where the data lies."),
    "disk_size_bytes": ("disk_size_bytes", "Size of the disk where the data lies."),
    "disk_reserve_missing_bytes": (
        "disk_reserve_missing_bytes",
        "What was given up of the disk's reserve.",
    ),
}
_COUNTED_SINCE_START = {
    "cel_skipped": ("cel_records_skipped", "Unreadable records of Asterisk's event file."),
    "ami_connections": ("ami_connections", "Times the link to Asterisk was made."),
    "ami_late_replies": ("ami_late_replies", "Answers of Asterisk that came too late."),
}
_COUNTS = {
    "calls_started": ("", "Calls that reached us."),
    "calls": ("outcome", "Calls that are over, by outcome."),
    "calls_broken": ("", "Calls that ended because Asterisk died under them."),
    "rungs": ("outcome", "People rung for a call, by how it ended."),
    "connects": ("how", "Units asked into a call, by how it ended."),
    "commands": ("outcome", "Commands of people, by outcome."),
    "recording_gaps": ("", "Legs that talked longer than was recorded."),
    "calls_not_taken": ("trunk", "Calls refused with 488: no codec in common."),
    "clock_steps": ("", "Calls in which the clock of Asterisk's machine was stepped."),
    "seal_failures": ("", "Failed tries to seal a recording."),
    "work_died": ("stage", "Work that was given up."),
    "projections_failed": ("", "Facts that could not change their rows."),
    "alarms": ("alarm", "Alarms raised."),
    "probes": ("result", "Test calls of the service to itself."),
}
_TIMES = {
    "time_to_answer": "From the call's arrival to the operator's answer.",
    "call_duration": "From the call's arrival to its end.",
    "seal": "From a call's end to its sealed recording.",
    "transcript": "From a call's end to its transcript.",
    "ticket": "From a call's end to its ticket.",
}


@dataclass(frozen=True)
class _Read:
    """What one scrape read."""

    parts: Sequence[PartState]
    totals: dict[str, Any]
    owed: Sequence[tuple[str, str, int]]
    operators: dict[str, int]
    alarms: dict[str, int]


async def scrape(database: Database) -> bytes:
    """The metrics as text; with the database away only that."""
    started = time.monotonic()
    try:
        async with database.reading() as session:
            read = await _read(session)
    except DatabaseAway:
        read = None
    families = [_gauge("database_up", "Whether the main database answers.", read is not None)]
    if read is not None:
        families += [*_of_parts(read.parts), *_of_totals(read.totals), *_of_rows(read)]
    spent = time.monotonic() - started
    families.append(_gauge("scrape_seconds", "How long reading all this took.", spent))
    registry = CollectorRegistry()
    registry.register(_Ready(families))
    return generate_latest(registry)


class _Ready(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def _read(session: AsyncSession) -> _Read:
    follower = await session.get(Follower, FOLLOWER)
    owed = await session.execute(
        select(OwedWork.stage, OwedWork.state, func.count())
        .where(OwedWork.state.in_(("owed", "dead")))
        .group_by(OwedWork.stage, OwedWork.state)
    )
    operators = await session.execute(select(Operator.state, func.count()).group_by(Operator.state))
    alarms = await session.execute(
        select(Alarm.alarm, func.count()).where(Alarm.state == "raised").group_by(Alarm.alarm)
    )
    return _Read(
        parts=list(await session.scalars(select(PartState))),
        totals=dict(follower.data) if follower else {},
        owed=[(stage, state, number) for stage, state, number in owed],
        operators={row[0]: int(row[1]) for row in operators},
        alarms={row[0]: int(row[1]) for row in alarms},
    )


def _of_parts(parts: Sequence[PartState]) -> Iterator[Metric]:
    up = GaugeMetricFamily("hotline_part_up", "Whether a part lives.", labels=["part", "node"])
    age = GaugeMetricFamily(
        "hotline_part_silent_seconds", "Since when a part has said nothing.",
        labels=["part", "node"],
    )  # fmt: skip
    moment = now()
    for row in parts:
        silent = moment - row.at
        up.add_metric([row.part, row.node], float(silent <= SILENT_AFTER))
        age.add_metric([row.part, row.node], max(0.0, silent.total_seconds()))
    yield from (up, age)
    for said, (name, text) in _SAID.items():
        yield _said(GaugeMetricFamily(f"hotline_{name}", text, labels=["node"]), parts, said)
    for said, (name, text) in _COUNTED_SINCE_START.items():
        yield _said(CounterMetricFamily(f"hotline_{name}", text, labels=["node"]), parts, said)
    trunks = GaugeMetricFamily(
        "hotline_trunk_up", "Whether a trunk answers.", labels=["node", "trunk"]
    )
    for row in parts:
        for trunk, state in dict(row.detail.get("trunks", {})).items():
            trunks.add_metric([row.node, trunk], float(state not in (False, "down")))
    yield trunks


def _said(
    family: GaugeMetricFamily | CounterMetricFamily, parts: Sequence[PartState], name: str
) -> Metric:
    for row in parts:
        if isinstance(value := row.detail.get(name), int | float):
            family.add_metric([row.node], float(value))
    return family


def _of_totals(totals: dict[str, Any]) -> Iterator[Metric]:
    counts = totals.get("counts", {})
    for name, (label, text) in _COUNTS.items():
        family = CounterMetricFamily(f"hotline_{name}", text, labels=[label] if label else [])
        found = counts.get(name, {} if label else {"": 0})
        for value, number in found.items():
            family.add_metric([value] if label else [], number)
        yield family
    for name, text in _TIMES.items():
        yield _histogram(name, text, totals.get("times", {}).get(name))


def _histogram(name: str, text: str, times: dict[str, Any] | None) -> Metric:
    ends = [f"{float(end)}" for end in BUCKETS[name]] + ["+Inf"]
    each = times["buckets"] if times else [0] * len(ends)
    reached, buckets = 0, []
    for end, number in zip(ends, each, strict=True):
        reached += number
        buckets.append((end, float(reached)))
    family = HistogramMetricFamily(f"hotline_{name}_seconds", text)
    family.add_metric([], buckets, times["sum"] if times else 0.0)
    return family


def _of_rows(read: _Read) -> Iterator[Metric]:
    owed = GaugeMetricFamily(
        "hotline_owed_work", "Work calls are still owed, or that was given up.",
        labels=["stage", "state"],
    )  # fmt: skip
    for stage, state, number in read.owed:
        owed.add_metric([stage, state], number)
    yield owed
    for name, text, label, found in (
        ("operators", "Operators, by state.", "state", read.operators),
        ("alarm_active", "Alarms that stand.", "alarm", read.alarms),
    ):
        family = GaugeMetricFamily(f"hotline_{name}", text, labels=[label])
        for value, number in found.items():
            family.add_metric([value], number)
        yield family
    probe = read.totals.get("last_probe")
    if probe:
        yield _gauge("probe_ok", "Whether the last test call went well.", probe["ok"])
        yield _gauge("probe_seconds", "How long the last test call took.", probe["seconds"])
        yield _gauge("probe_timestamp_seconds", "When the last test call ended.", probe["at"])


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(f"hotline_{name}", text)
    family.add_metric([], float(value))
    return family
