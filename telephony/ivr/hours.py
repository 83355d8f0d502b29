"""Room telephony/ivr: open or closed, worked out by Asterisk alone: week, holidays, make-up days.

No Python is asked: the days that are otherwise than their weekday says are part of the compiled
flow. For years that are not announced yet, Monday to Friday are the work days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from telephony.ivr.flow import Flow
from telephony.ivr.nodes import WEEK, Hours, Opening

Lines = list[str]
# What a day is: its number in the week (1 is Monday), and w for a work day or r for another.
_WORDS: dict[str, str] = {
    "workday": "w", "restday": "r", **{day: str(n) for n, day in enumerate(WEEK, 1)},
}  # fmt: skip


@dataclass(frozen=True)
class Calendar:
    """`otherwise`: Mondays to Fridays that are no work days, and weekend days that are."""

    otherwise: frozenset[date] = frozenset()


NOTHING_KNOWN = Calendar()


def asks_for_workdays(flow: Flow) -> bool:
    """Whether it makes a difference which days are work days."""
    return any(_by_workdays(node) for node in flow.nodes.values() if isinstance(node, Hours))


def _by_workdays(node: Hours) -> bool:
    return any({"workday", "restday"} & set(opening.days) for opening in node.open)


def is_open_lines(node: Hours, calendar: Calendar) -> Lines:
    """The applications that go to `when_open` or `when_closed`."""
    lines = [f"Set(FLOW_CLOCK={_now(node, '%H%M')})", *_day("FLOW_DAY", node, calendar, 0)]
    if any(_over_midnight(opening) for opening in node.open):
        lines += _day("FLOW_DAY_BEFORE", node, calendar, 86_400)
    for opening in node.open:
        lines += _opening(opening, node.when_open)
    return [*lines, f"Goto({node.when_closed},1)"]


def _now(node: Hours, form: str, ago: int = 0) -> str:
    moment = f"$[${{EPOCH}} - {ago}]" if ago else "${EPOCH}"
    return f"${{STRFTIME({moment},{node.zone},{form})}}"


def _day(name: str, node: Hours, calendar: Calendar, ago: int) -> Lines:
    """The variable holds `3w`: a Wednesday that is a work day."""
    if not _by_workdays(node):
        return [f"Set({name}={_now(node, '%u', ago)})"]
    otherwise = "&".join(f"{day:%Y%m%d}" for day in sorted(calendar.otherwise))
    is_otherwise = f'${{REGEX("&{_now(node, "%Y%m%d", ago)}&" &{otherwise}&)}}'
    return [
        f"Set({name}={_now(node, '%u', ago)})",
        f"Set(FLOW_WORKS=$[${{{name}}} < 6])",
        f"ExecIf({is_otherwise}?Set(FLOW_WORKS=$[!${{FLOW_WORKS}}]))",
        f"Set({name}=${{{name}}}${{IF(${{FLOW_WORKS}}?w:r)}})",
    ]


def _opening(opening: Opening, when_open: str) -> Lines:
    if not _over_midnight(opening):
        return _span("FLOW_DAY", opening.days, opening.start, opening.end, when_open)
    return [
        *_span("FLOW_DAY", opening.days, opening.start, "24:00", when_open),
        *_span("FLOW_DAY_BEFORE", opening.days, "00:00", opening.end, when_open),
    ]


def _over_midnight(opening: Opening) -> bool:
    return opening.start >= opening.end


def _span(variable: str, days: Iterable[str], start: str, end: str, to: str) -> Lines:
    """Up to the last minute before `end`; none where nothing is between."""
    if start == end:
        return []
    is_day = f'${{REGEX("[{"".join(_WORDS[day] for day in days)}]" ${{{variable}}})}}'
    is_time = f"(${{FLOW_CLOCK}} >= {_clock(start)}) & (${{FLOW_CLOCK}} < {_clock(end)})"
    return [f"Set(FLOW_OPEN={is_day})", f"GotoIf($[${{FLOW_OPEN}} & {is_time}]?{to},1)"]


def _clock(time: str) -> str:
    return time.replace(":", "")
