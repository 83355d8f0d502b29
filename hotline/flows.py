"""Room hotline: which flow is in force here, what it is checked against, and changing it."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from casework.tickets.workdays import SATURDAY, is_workday
from hotline.installation import Installation
from hotline.lock import take_lock
from telephony.ivr.compile import Compiled, compile_flow
from telephony.ivr.flow import Flow, World
from telephony.ivr.hours import NOTHING_KNOWN, Calendar, asks_for_workdays
from telephony.ivr.prompts import LANGUAGES, copy_of, missing, prompt_texts, seconds_of, sounds
from telephony.ivr.shelf import Applied, Shelf
from telephony.ivr.source import FlowBroken, read_flow

log = structlog.get_logger()

FLOWS = Path(__file__).parents[1] / "asterisk_conf" / "flows"
# Who answers them: hotline/answers.py.
QUESTIONS = frozenset({"progress", "on_duty"})


def world(installation: Installation) -> World:
    """What exists in this installation: prompts, numbers that may be dialled, questions."""
    texts = prompt_texts()
    chinese, english = (seconds_of(sounds(one, installation.own_sounds)) for one in LANGUAGES)
    return World(
        seconds={name: max(length, english.get(name, 0)) for name, length in chinese.items()},
        words={name: f"{text.zh} {text.en}" for name, text in texts.items()},
        allowed=tuple(re.compile(p) for p in installation.settings.allowed_numbers),
        questions=QUESTIONS,
    )


def flow_file(installation: Installation) -> Path:
    """The flow that was last applied here, or the one of the settings."""
    applied = installation.settings.data_dir / "flows" / "applied.yaml"
    return applied if applied.exists() else FLOWS / f"{installation.settings.flow}.yaml"


def checked(installation: Installation, file: Path) -> Flow:
    """The flow of a file; `FlowBroken` says all that is wrong with it."""
    return read_flow(file, world(installation))


def calendar() -> Calendar:
    """Holidays and make-up work days of this year and the next, as far as they are announced."""
    year = datetime.now(UTC).year
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    days += [date(year + 1, 1, 1) + timedelta(days=n) for n in range(365)]
    return Calendar(frozenset(day for day in days if is_workday(day) != (day.weekday() < SATURDAY)))


def compiled(installation: Installation, file: Path) -> Compiled:
    """The dialplan of a file's flow, with the work days of this year; `FlowBroken`."""
    flow = checked(installation, file)
    known = calendar() if asks_for_workdays(flow) else NOTHING_KNOWN
    return compile_flow(flow, known)


def prepare_flow(installation: Installation) -> None:
    """Before Asterisk starts. A broken flow is told loudly and leaves what was in force."""
    gone = missing(installation.own_sounds)
    if gone:
        log.error("prompts_missing", prompts=gone, mend="hotline prompts replace NAME FILE.wav")
    shelf = Shelf(installation.folder)
    if shelf.in_force is not None and installation.asterisk.is_running:
        return  # a running Asterisk changes its flow by `hotline ivr apply` alone
    try:
        shelf.lay_out(compiled(installation, flow_file(installation)))
    except FlowBroken as broken:
        stays = shelf.in_force or "[greeting]"
        log.error("flow_broken", mistakes=[str(m) for m in broken.mistakes], stays=stays)


async def apply_file(installation: Installation, file: Path) -> Applied:
    """Check, compile, put in force without dropping a call. `FlowBroken`, `NotApplied`."""
    made = compiled(installation, file)
    shelf = Shelf(installation.folder)
    with take_lock(installation.settings.data_dir / "flows.lock", replace=False):
        if installation.asterisk.is_running:
            applied = await shelf.apply(installation.asterisk, made)
        else:
            shelf.lay_out(made)
            applied = Applied(made.version, [], [])
        # From now on this text is the one that a restart takes.
        copy_of(file, installation.settings.data_dir / "flows" / "applied.yaml")
    return applied
