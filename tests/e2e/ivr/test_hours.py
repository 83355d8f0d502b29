"""Open or closed: Asterisk itself works it out, from week, holidays and make-up days."""

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from hotline.flows import apply_file, calendar, checked
from telephony.ivr.compile import Compiled, compile_flow
from telephony.ivr.hours import Calendar
from telephony.ivr.shelf import Shelf
from tests.e2e.ivr.scenes import in_flow, written
from tests.e2e.stage import Stage, given_stage, until

OFFICE = """\
flow: office
start: notice
nodes:
  notice: {kind: say, say: [notice], next: hours}
  hours:
    kind: hours
    open:
      - {days: [workday], from: "08:00", to: "18:00"}
      - {days: [sat, sun], from: "09:00", to: "12:00"}
      - {days: [restday], from: "20:00", to: "02:00"}
    when_open: person
    when_closed: closed
  closed: {kind: message}
  person: {kind: queue}
"""
NOW = """\
flow: now
start: notice
nodes:
  notice: {{kind: say, say: [notice], next: hours}}
  hours:
    kind: hours
    open: [{{days: [workday, restday], from: "{first}", to: "{last}"}}]
    when_open: person
    when_closed: closed
  closed: {{kind: message}}
  person: {{kind: queue}}
"""
# When in the city's time | open?
MOMENTS = (
    ("2026-11-25 07:59", False),  # a Wednesday
    ("2026-11-25 08:00", True),
    ("2026-11-25 17:59", True),
    ("2026-11-25 18:00", False),
    ("2026-11-28 10:00", True),  # a Saturday
    ("2026-11-28 12:00", False),
    ("2026-11-28 20:00", True),
    ("2026-11-29 01:59", True),  # …and into the next day
    ("2026-11-29 02:00", False),
    ("2026-11-30 01:30", True),  # the night from a Sunday to a Monday
    ("2026-12-01 01:30", False),  # the one after a Monday
    ("2026-10-01 10:00", False),  # National Day, a Thursday
    ("2026-10-01 21:00", True),
    ("2026-10-10 15:00", True),  # a Saturday that is worked for it
    ("2026-10-10 21:00", False),
    ("2031-10-01 10:00", True),  # not announced: a Wednesday is a Wednesday
)
TZ = ZoneInfo("Asia/Shanghai")


def at(stage: Stage, moment: str, known: Calendar) -> Compiled:
    """The flow, compiled as always, but for the clock it looks at."""
    made = compile_flow(checked(stage.installation, written(stage, OFFICE)), known)
    epoch = str(int(datetime.fromisoformat(moment).replace(tzinfo=TZ).timestamp()))
    version = f"office-{epoch}"
    text = made.text.replace("${EPOCH}", epoch).replace(made.version, version)
    # The way is all that is asked about: without the notice.
    return Compiled(version, text.replace("Playback(${SAY}/notice)", "NoOp()"))


def has_entered(stage: Stage, flow: Compiled) -> bool:
    """By the events' file: it is there without a controller too."""
    events = stage.installation.folder.cel_file  # which comes with the first event
    return events.exists() and flow.version in events.read_text("utf-8")


@pytest.mark.parametrize("controller", ["inside", "none"])
async def test_open_and_closed_at_each_moment(controller: str) -> None:
    """With the controller down the same: what came of it is read from the file afterwards."""
    async with given_stage(notice="whole", controller=controller) as stage:
        shelf = Shelf(stage.installation.folder)
        versions = {}
        for number, (moment, _) in enumerate(MOMENTS):
            made = at(stage, moment, calendar())
            await shelf.apply(stage.pbx, made)
            versions[moment] = made.version
            citizen = stage.city.person(f"138001{number:05d}", "citizen")
            await citizen.dial()
            await until(partial(has_entered, stage, made), 10, made.version)
        if controller == "none":
            await stage.start_controller()
        found = {}
        for moment, version in versions.items():
            hours = await in_flow(stage, "flow_node_entered", flow=version, node="hours")
            after = {
                row.data["node"]
                for row in await stage.facts("flow_node_entered")
                if row.call_id == hours.call_id
            }
            found[moment] = "person" in after
            assert ("closed" in after) is not found[moment]
        assert found == dict(MOMENTS)


@pytest.mark.parametrize("is_open", [True, False])
async def test_the_clock_is_that_of_the_city(is_open: bool) -> None:
    """Nothing is put in its place: an hour around now, or all the others."""
    now = datetime.now(TZ)
    before, after = now - timedelta(hours=1), now + timedelta(hours=1)
    first, last = (before, after) if is_open else (after, before)
    text = NOW.format(first=f"{first:%H:%M}", last=f"{last:%H:%M}")
    async with given_stage(notice="whole") as stage:
        await apply_file(stage.installation, written(stage, text))
        await stage.city.citizen.dial()
        await in_flow(stage, "flow_node_entered", node="person" if is_open else "closed")
