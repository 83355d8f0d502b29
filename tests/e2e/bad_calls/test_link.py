"""A dead link that looks alive, and ten times the events of a busy city."""

import time

import pytest

from hotline.controller_part import ControllerPart
from telephony.ami.actions import Originate
from telephony.ami.link import AmiAddress
from telephony.ami.messages import Accepted
from telephony.registry import CEL_BOOKMARK
from tests.e2e.bad_calls.half_open import swallowing_proxy
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.scenes import (
    accept,
    connect,
    everybody_leaves,
    given_bridged_call,
    given_three_way_call,
    hears,
    pass_of,
)
from tests.e2e.stage import Stage, given_stage, until

STORM = 20_000


@pytest.mark.parametrize("lost", ["requests", "replies"])
async def test_a_half_open_link_is_noticed_and_nobody_is_rung_twice(lost: str) -> None:
    """
    lost     | the Originate           | the liaison         | the ladder
    requests | never reached Asterisk  | not rung            | climbs: the deputy joins
    replies  | rang                    | rung once, joins    | stays
    """
    async with given_stage(controller="none") as stage:
        city = stage.city
        async with swallowing_proxy(stage.settings.ami_port) as proxy:
            real = stage.installation.ami
            through = AmiAddress(real.host, proxy.port, real.username, real.secret)
            stage.installation.__dict__["ami"] = through
            await stage.start_controller()
            part = stage.part
            assert isinstance(part, ControllerPart)
            call = await given_bridged_call(stage)
            for person in (city.liaison, city.deputy):
                await person.when_rung("answer")
            proxy.swallows_requests = lost == "requests"
            proxy.swallows_replies = lost == "replies"
            await connect(stage, call, "market")
            await until(lambda: not part.link.is_up, 10, "the dead link noticed")
            proxy.swallows_requests = proxy.swallows_replies = False
            await until(lambda: part.link.is_up, 10, "the link up again")
            comes = city.deputy if lost == "requests" else city.liaison
            await accept(comes)
            await stage.until_at("room", "citizen", "operator", "liaison")
            assert comes.times_rung == 1
            assert city.liaison.times_rung + city.deputy.times_rung == 1
            span = await pass_of(0.6)
            await everybody_leaves(stage, city.citizen, city.operator, comes)
            assert hears(city.citizen, span) == {"operator", "liaison"}
            await nothing_is_left(stage)
            await the_next_call_goes_well(stage)
            await stage.stop_controller()


async def test_an_event_storm_in_a_three_way_call_loses_nothing() -> None:
    """20,000 numbered events in ten seconds beside a call that a fourth person joins."""
    async with given_stage() as stage:
        city = stage.city
        call = await given_three_way_call(stage)
        await make_storm(stage)
        await city.petition_officer.when_rung("answer")
        await connect(stage, call, "petition")
        await accept(city.petition_officer)
        everybody = ("citizen", "operator", "liaison", "petition")
        await stage.until_at("room", *everybody, within=20)
        cel = stage.installation.folder.cel_file
        await until(lambda: b'""' + str(STORM - 1).encode() + b'""' in tail(stage), 40, "its end")

        part = stage.part
        assert isinstance(part, ControllerPart)
        size = cel.stat().st_size
        await until(lambda: part.journal.bookmark(CEL_BOOKMARK) >= size, 10, "all read")
        told = cel.read_bytes().count(b'"STORM"')
        assert told == STORM
        assert "cel_record_skipped" not in await stage.story()
        span = await pass_of(0.6)
        left_at = time.time()
        await city.petition_officer.hang_up()
        await stage.until_at("room", *everybody[:3])
        assert time.time() - left_at < 2.0, "as quick as before"
        people = (city.citizen, city.operator, city.liaison, city.petition_officer)
        await everybody_leaves(stage, *people)
        assert hears(city.citizen, span) == {"operator", "liaison", "petition"}
        await nothing_is_left(stage)


async def make_storm(stage: Stage) -> None:
    """A context of its own, added by hand: numbered events as fast as 2,000 a second."""
    lines = (
        "Set(N=0)", "CELGenUserEvent(STORM,${N})", "Set(N=$[${N}+1])",
        f"GotoIf($[${{N}}>={STORM}]?8)", "GotoIf($[${N}%100]?2)", "Wait(0.05)", "Goto(2)",
        "Hangup()",
    )  # fmt: skip
    for number, line in enumerate(lines, 1):  # a space would end the line
        await stage.pbx.command(f"dialplan add extension s,{number},{line} into storm")
    assert isinstance(stage.part, ControllerPart)
    ring = Originate(
        channel="Local/s@storm", channel_id="storm", context="storm", exten="s", timeout_ms=60_000
    )
    assert isinstance(await stage.part.link.send(ring), Accepted)


def tail(stage: Stage) -> bytes:
    with stage.installation.folder.cel_file.open("rb") as file:
        file.seek(max(0, stage.installation.folder.cel_file.stat().st_size - 20_000))
        return file.read()
