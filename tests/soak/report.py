"""docs/reliability.md or, of a run without faults, docs/steadiness.md: from its lines alone."""

from datetime import UTC, datetime
from pathlib import Path

from hotline.settings import ROOT
from tests.machine import machine
from tests.soak.chances import upper_bound
from tests.soak.counting import (
    NOTHING,
    Suffered,
    count,
    growth,
    median_and_worst,
    standstills,
)
from tests.soak.lines import Lines
from tests.soak.standstill import LATE_SECONDS

FAULTS_TOLD, STEADY_TOLD = ROOT / "docs" / "reliability.md", ROOT / "docs" / "steadiness.md"
# How exactly a silence is found again: the carrier's way to be silent, and back, is this long.
UNSENT_SECONDS = 0.5


def write_report(lines: Lines, folder: Path) -> None:
    """Write the document and print it."""
    faulty = bool(lines.read("faults"))
    title = "# Reliability" if faulty else "# Steadiness: the same calls, and no fault"
    text = "\n".join(
        [title, "", *_head(lines), "", *(_faults(lines) if faulty else _whole(lines)),
         *_standstills(lines), "", *_memory(lines), "", *_leftovers(lines)]
    )  # fmt: skip
    (FAULTS_TOLD if faulty else STEADY_TOLD).write_text(text + "\n", encoding="utf-8")
    print(text)


def _head(lines: Lines) -> list[str]:
    sessions, calls = lines.read("sessions"), lines.read("calls")
    began = [s["began"] for s in sessions if "began" in s]
    disks = {s["disk"] for s in sessions if "disk" in s}
    if not began or not calls:
        return ["Nothing was run yet."]
    minutes = sum(_minutes(lines, first) for first in began)
    day = datetime.fromtimestamp(began[0], UTC).date()
    joined = sum(call["joined"] is not None for call in calls)
    answered = sum(call["answered"] is not None for call in calls)
    return [
        f"Written by `make soak`. {day}, {minutes:.0f} minutes in {len(began)} session(s), on "
        f"{machine()}.",
        "",
        f"A real Asterisk, the service in processes of its own, its data on {' and '.join(disks)}; "
        "the simulated city's Asterisk places the calls on the same machine. "
        f"{len(calls)} calls, {answered} answered, {joined} joined by a liaison who pressed 1. "
        "Everybody hums a quiet tone from their first moment to their last; a moment of a sealed "
        "track without that tone is sound lost. What the hotline has is compared with what the "
        "carrier saw, call by call.",
        *(line for s in sessions if "note" in s for line in ("", s["note"])),
    ]


def _minutes(lines: Lines, began: float) -> float:
    later = [line["at"] for line in lines.read("memory") if line["at"] >= began]
    starts = [s["began"] for s in lines.read("sessions") if s.get("began", 0) > began]
    here = [at for at in later if not starts or at < min(starts)]
    return (max(here) - began) / 60 if here else 0.0


def _whole(lines: Lines) -> list[str]:
    """What became of calls in which nothing went wrong."""
    kind = count(lines)[NOTHING]
    return [
        "## Calls", "",
        "In brackets: what is not ruled out with 95 % confidence (Clopper and Pearson, one-sided). "
        "*lost*: legs with a sound that is in no sealed track (at begin and end of a leg: more "
        "than 0.15 s of it), and the seconds, median / worst.", "",
        "| calls | dropped | without ticket | without recording | legs | legs with a loss | "
        "lost (s) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        f"| {kind.answered} of {kind.calls} dialled | {_of_calls(kind)} |",
        "",
        f"Tickets not yet opened when the run ended, their work still owed: {_late(lines)}.",
    ]  # fmt: skip


def _standstills(lines: Lines) -> list[str]:
    found = standstills(lines)
    if found is None:
        return []
    told = (
        f"The machine itself stood still {found.times} times for more than {LATE_SECONDS} s, "
        f"{found.worst:.2f} s at the longest (a process before all others woke that much too "
        f"late). Of the legs with a loss, {found.legs} of {found.of_legs} were up at such a moment."
    )
    return ["", told]


def _faults(lines: Lines) -> list[str]:
    counts = count(lines)
    rows = [
        "## Faults in the middle of calls", "",
        "In brackets: what is not ruled out with 95 % confidence (Clopper and Pearson, one-sided). "
        "A call is *on the line* when it talked during a fault; one that met two is in both rows. "
        "Its end, and each loss of sound, belong to the fault they fall in. *lost*: legs with a "
        "sound that is in no sealed track (at begin and end of a leg: more than 0.15 s of it), "
        "and the seconds, median / worst. *well again*: seconds until each part has said that it "
        "is well (they do every 2 s), median / worst.", "",
        "| fault | times | well again | calls on the line | calls dropped | without ticket | "
        "without recording | legs | legs with a loss | lost (s) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    names = [name for name in counts if name != NOTHING] + [NOTHING]
    rows += [_row(name, counts[name]) for name in names]
    problems = [line for line in lines.read("faults") if line["problem"]]
    rows += [
        "",
        *(f"- {p['fault']}: {p['problem']}" for p in problems),
        "",
        f"Tickets not yet opened when the run ended, their work still owed: {_late(lines)}.",
        "",
        _unsent(lines),
    ]
    return rows


def _unsent(lines: Lines) -> str:
    """Whether a person who sent nothing is silent in their track for just as long."""
    legs = [leg for judged in lines.read("judged") for leg in judged["legs"]]
    pairs = [pair for leg in legs for pair in zip(leg["unsent"], leg["silent"], strict=True)]
    kept = sum(abs(unsent - silent) < UNSENT_SECONDS for unsent, silent in pairs)
    return (
        f"*packets lost*: {len(pairs)} times a citizen or an operator sent no packet for seconds; "
        f"{kept} of their tracks are silent for as long (to within {UNSENT_SECONDS} s), the rest "
        "of the track in its place. Only what is missing beyond that counts as lost."
    )


def _late(lines: Lines) -> int:
    return sum(bool(j.get("owed")) and not j["tickets"] for j in lines.read("judged"))


def _row(name: str, kind: Suffered) -> str:
    n = kind.answered
    return (
        f"| {name} | {kind.times or '–'} | {median_and_worst(kind.well_after)} | {n}"
        f"{'' if n == kind.calls else f' of {kind.calls} dialled'} | {_of_calls(kind)} |"
    )


def _of_calls(kind: Suffered) -> str:
    n = kind.answered
    return (
        f"{_rate(kind.dropped, n)} | {_rate(kind.tickets_lost, n)} | {_rate(kind.unsealed, n)} | "
        f"{kind.legs} | {_rate(len(kind.lost), kind.legs)} | {median_and_worst(kind.lost)}"
    )


def _rate(bad: int, tries: int) -> str:
    return f"{bad} (< {upper_bound(bad, tries) * 100:.1f} %)" if tries else "–"


def _memory(lines: Lines) -> list[str]:
    rows = [
        "## Memory", "",
        "Each process over its longest undisturbed life, without its first five minutes: least "
        "squares of a sample every ten seconds, with a 95 % interval; and of the second half of "
        "that time alone, as caches and heaps fill for a while.", "",
        "| process | minutes | MB at first | at last | MB per hour | in the second half | "
        "open files |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for g in growth(lines):
        rows.append(
            f"| {g.part} | {g.hours * 60:.0f} | {g.first_mb:.1f} | {g.last_mb:.1f} | "
            f"{g.per_hour:+.1f} ± {g.give_or_take:.1f} | "
            f"{g.lately:+.1f} ± {g.lately_give_or_take:.1f} | {g.files[0]} → {g.files[1]} |"
        )
    return rows


def _leftovers(lines: Lines) -> list[str]:
    rows = ["## Left over when no call was up", ""]
    seen = lines.read("leftovers")
    if not seen:
        return [*rows, "Not looked at: the run was stopped before."]
    last = {name: number for name, number in seen[-1].items() if name != "at"}
    rows += ["| what | how many |", "| --- | --- |"]
    return [*rows, *(f"| {name} | {number} |" for name, number in last.items())]
