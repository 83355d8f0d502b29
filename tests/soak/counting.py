"""Counts from the lines of a run: what each fault cost the calls that were on the line."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.soak.chances import growth_per_hour
from tests.soak.lines import Line, Lines

# A call suffers from a fault that is on while it talks, or was until this long before.
AFTERWARDS = 3.0
# What Asterisk had not yet written when it was killed is up to two seconds old.
BEFORE = 2.5
NOTHING, FULL = "no fault", "disk full"
# Where two faults meet in one moment, the one that can do it.
SEVERITY = {"Asterisk killed": 3, FULL: 2, NOTHING: -1}
# A process has found its size after this long.
GROWN_UP_SECONDS = 300.0


@dataclass
class Suffered:
    """All calls that met one kind of fault; `lost`: seconds a leg, where any were."""

    times: int = 0
    problems: int = 0
    well_after: list[float] = field(default_factory=list)
    calls: int = 0
    answered: int = 0
    dropped: int = 0
    tickets_lost: int = 0
    unsealed: int = 0
    legs: int = 0
    lost: list[float] = field(default_factory=list)


def count(lines: Lines) -> dict[str, Suffered]:
    """Kind of fault (and `no fault`) → what it cost.

    A call that met two is in both; its end and each loss of sound belong to the one they fall in.
    """
    faults = lines.read("faults")
    judged = {line["number"]: line for line in lines.read("judged")}
    found: dict[str, Suffered] = {NOTHING: Suffered()}
    for fault in faults:
        kind = found.setdefault(fault["fault"], Suffered())
        kind.times += 1
        kind.problems += bool(fault["problem"])
        if fault["well_after"] is not None:
            kind.well_after.append(fault["over"] - fault["began"] + fault["well_after"])
    for call in lines.read("calls"):
        if call["number"] in judged:
            _add(found, faults, call, judged[call["number"]])
    return found


def _add(found: dict[str, Suffered], faults: Sequence[Line], call: Line, judged: Line) -> None:
    met = _met(faults, call["dialled"], call["over"] or call["dialled"] + 15)
    for kind in (found[name] for name in met):
        kind.calls += 1
        kind.answered += call["answered"] is not None
        kind.legs += len(judged["legs"])
        if call["answered"] is not None:
            kind.tickets_lost += judged["tickets"] == 0 and not judged.get("owed")
            kind.unsealed += not judged.get("sealed")
    if call["how"] == "dropped" or judged.get("line_broke"):
        # After a kill of Asterisk people hang up by themselves: the line broke all the same.
        found[_culprit(faults, call["over"], call["over"], met)].dropped += 1
    for leg in judged["legs"]:
        losses: dict[str, float] = {}
        for at, seconds in leg["missing"]:
            culprit = _culprit(faults, at, at + seconds, met)
            losses[culprit] = losses.get(culprit, 0) + seconds
        for name, seconds in losses.items():
            found[name].lost.append(seconds)


def _met(faults: Sequence[Line], begins: float, ends: float) -> set[str]:
    met = {
        fault["fault"]
        for fault in faults
        if fault["began"] - BEFORE < ends and fault["over"] + AFTERWARDS > begins
    }
    return met or {NOTHING}


def _culprit(faults: Sequence[Line], begins: float, ends: float, met: set[str]) -> str:
    """The fault at that moment. A full disk shortens a track: the loss shows at its end."""
    here = sorted(_met(faults, begins, ends), key=lambda name: SEVERITY.get(name, 0))[-1]
    return FULL if here == NOTHING and FULL in met else here


@dataclass(frozen=True)
class Growth:
    """One process over the longest time it was left alone."""

    part: str
    hours: float
    first_mb: float
    last_mb: float
    per_hour: float
    give_or_take: float
    # The same of the second half alone: caches fill for a while.
    lately: float
    lately_give_or_take: float
    files: tuple[int, int]


def growth(lines: Lines) -> list[Growth]:
    """Each part's longest life, without its first minutes and the time after the last call."""
    lives: dict[tuple[str, int], list[Line]] = {}
    for line in lines.read("memory"):
        lives.setdefault((line["part"], line["pid"]), []).append(line)
    longest: dict[str, list[Line]] = {}
    for (part, _), samples in lives.items():
        grown = [s for s in samples if s["at"] > samples[0]["at"] + GROWN_UP_SECONDS]
        while grown and not grown[-1]["live"]:
            grown.pop()
        if len(grown) > max(10, len(longest.get(part, []))):
            longest[part] = grown
    found = []
    for part, samples in longest.items():
        moments, sizes = [s["at"] for s in samples], [s["mb"] for s in samples]
        half = len(moments) // 2
        found.append(
            Growth(
                part, (moments[-1] - moments[0]) / 3600, sizes[0], sizes[-1],
                *growth_per_hour(moments, sizes), *growth_per_hour(moments[half:], sizes[half:]),
                (samples[0]["files"], samples[-1]["files"]),
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class Standstills:
    """How often the machine itself stood still, and what of the loss was then."""

    times: int
    worst: float  # seconds
    legs: int  # legs with a loss whose call was up at such a moment
    of_legs: int  # legs with a loss, all in all


def standstills(lines: Lines) -> Standstills | None:
    """None where nobody looked."""
    seen = lines.read("standstills")
    if not seen:
        return None
    moments = [(line["at"], line["seconds"]) for line in seen if line["seconds"]]
    calls = {line["number"]: line for line in lines.read("calls")}
    lossy = [
        calls[judged["number"]]
        for judged in lines.read("judged")
        for leg in judged["legs"]
        if leg["missing"]
    ]
    then = sum(
        any(
            call["dialled"] < at + seconds and at < (call["over"] or call["dialled"] + 15)
            for at, seconds in moments
        )
        for call in lossy
    )
    worst = max((seconds for _, seconds in moments), default=0.0)
    return Standstills(len(moments), worst, then, len(lossy))


def median_and_worst(values: Sequence[float]) -> str:
    """`0.02 / 1.95`, or a dash."""
    return f"{statistics.median(values):.2f} / {max(values):.2f}" if values else "–"
