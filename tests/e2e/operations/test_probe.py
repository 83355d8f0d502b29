"""`hotline probe`: a real test call through everything; what is wrong is named."""

import asyncio
import os
import sys
from pathlib import Path

from sqlalchemy import func, select

from casework.ringback.tables import Ringback
from hotline.alarms.watch import alarm_of
from hotline.flows import apply_file
from hotline.health.follow import follow
from hotline.metrics.collect import scrape
from hotline.metrics.totals import FOLLOWER, count_fact
from hotline.run import environment_of
from hotline.settings import ROOT
from telephony.asterisk.node import AsteriskNode, NodeFolder
from tests.e2e.ivr.scenes import way, written
from tests.e2e.scenes import everybody_leaves, given_bridged_call
from tests.e2e.stage import Stage, given_stage
from tests.integration.operations.program import hotline


async def ringbacks(stage: Stage) -> int:
    async with stage.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Ringback)) or 0


async def test_all_is_well_beside_a_citizens_call_and_the_ticket_is_nobodys() -> None:
    async with given_stage(notice="whole") as stage, stage.desk():
        city = stage.city
        await given_bridged_call(stage)
        said = await hotline(stage.settings, "probe", within=150)
        assert said.code == 0, said.out + said.error
        [done] = await stage.facts("probe_done")
        assert done.data["ok"] and done.data["failed"] == []
        probed = await stage.call(1)
        assert (probed.row.called, probed.call_id) == ("probe", done.call_id)
        assert (await way(stage, probed.call_id))[0] == "notice", "led by the citizens' flow"
        assert {leg.role for leg in probed.legs} == {"citizen", "operator", "liaison"}
        assert city.operator.times_rung == 1, "the citizen's own call, no more"
        [ticket] = await stage.tickets()
        assert (ticket.kind, ticket.status, ticket.call_id) == ("probe", "closed", done.call_id)
        assert not (stage.settings.data_dir / "probe").exists()
        await everybody_leaves(stage, city.citizen, city.operator)

        while await follow(stage.database, FOLLOWER, count_fact):
            pass
        metrics = (await scrape(stage.database)).decode()
        assert "hotline_probe_ok 1.0" in metrics
        assert 'hotline_probes_total{result="ok"} 1.0' in metrics
        assert "hotline_calls_started_total 1.0" in metrics, "the probe's call counts as none"


async def probe_fails(stage: Stage, *told: str) -> str:
    """The whole command: exit code, the reasons in words, the alarm's fact; its output."""
    said = await hotline(stage.settings, "probe", "--ticket-seconds", "0", within=120)
    assert said.code == 1 and "Traceback" not in said.error, said.error
    for words in told:
        assert words in said.out, said.out
    done = (await stage.facts("probe_done"))[-1]
    assert done.data["ok"] is False
    assert alarm_of(done) == "probe_failed"
    return said.out


async def test_no_operator_comes_and_nobody_else_is_rung_or_owes_a_call_back() -> None:
    """Its own operator is paused: not one of those who wait for citizens is asked instead."""
    async with given_stage(notice="whole", skills=["tax"]) as stage:
        city = stage.city
        for person, skills in ((city.operator, ["tax"]), (city.second_operator, ["guide"])):
            await person.when_rung("answer")
            body = {"operator_id": person.number, "extension": person.number, "skills": skills}
            assert (await stage.ask(None, kind="sign_in", **body)).state == "done"
        await stage.pbx.command("queue pause member PJSIP/999002 queue probe")
        await probe_fails(stage, "an operator")
        await stage.until_call(lambda call: call.row.stage == "ended")
        assert (city.operator.times_rung, city.second_operator.times_rung) == (0, 0)
        assert await ringbacks(stage) == 0


BUSY_FLOW = """\
flow: busy
start: notice
nodes:
  notice: {kind: say, say: [notice], next: market}
  market: {kind: connect, wish: market, unit: market, topic: market, next: outside}
  outside: {kind: transfer, number: "6201", ring_seconds: 5, next: person}
  person: {kind: queue, skill: tax}
"""


async def test_a_flow_that_rings_people_by_itself_rings_nobody_for_a_probe() -> None:
    async with given_stage(notice="whole", skills=["tax"]) as stage:
        city = stage.city
        people = (city.operator, city.liaison, city.builder)
        for person in people:
            await person.when_rung("answer")
        body = {"operator_id": "op", "extension": "1001", "skills": ["tax"]}
        assert (await stage.ask(None, kind="sign_in", **body)).state == "done"
        await apply_file(stage.installation, written(stage, BUSY_FLOW))
        said = await hotline(stage.settings, "probe", "--ticket-seconds", "0", within=120)
        assert said.code == 0, said.out + said.error
        assert [person.times_rung for person in people] == [0, 0, 0]
        [done] = await stage.facts("probe_done")
        assert await way(stage, done.call_id or "") == ["notice", "market", "outside", "person"]


CLOSED_FLOW = """\
flow: closed
start: notice
nodes:
  notice: {kind: say, say: [notice], next: shut}
  shut: {kind: message}
"""


async def test_where_everybody_meets_a_message_so_does_the_probe_and_all_is_well() -> None:
    async with given_stage(notice="whole") as stage, stage.desk():
        await apply_file(stage.installation, written(stage, CLOSED_FLOW))
        said = await hotline(stage.settings, "probe", within=150)
        assert said.code == 0, said.out + said.error
        [ticket] = await stage.tickets()
        assert (ticket.kind, ticket.status) == ("probe", "closed")
        assert await ringbacks(stage) == 0


async def test_a_flow_that_no_start_would_take_is_named() -> None:
    async with given_stage(notice="whole") as stage:
        file = stage.settings.data_dir / "flows" / "applied.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(BUSY_FLOW.replace("next: person", "next: nobody"), "utf-8")
        await probe_fails(stage, "the flow is wrong", "applied.yaml:6")


async def test_callers_who_are_not_led_by_the_flow_are_told_of() -> None:
    async with given_stage(notice="whole") as stage:
        for path in (stage.installation.folder.etc / "flows").glob("*.conf"):
            path.unlink()
        await stage.pbx.command("dialplan reload")
        await probe_fails(stage, "no flow is in force", "not led by", "did not hear: notice")


async def test_a_prompt_that_is_gone_is_named_and_not_heard() -> None:
    async with given_stage(notice="whole") as stage:
        (stage.installation.folder.sounds / "zh" / "notice.wav").unlink()
        await probe_fails(stage, "no sound: notice", "did not hear: notice")


async def test_a_broken_dial_in_fails_where_the_call_comes_in() -> None:
    async with given_stage(notice="whole") as stage:
        file = stage.installation.folder.etc / "extensions.conf"
        text = file.read_text("utf-8")
        assert "\n[dial_in]\n" in text
        file.write_text(text.replace("\n[dial_in]\n", "\n[dial_lost]\n"), "utf-8")
        await stage.pbx.command("dialplan reload")
        await probe_fails(stage, "answered")


async def test_two_at_once_do_not_disturb_each_other() -> None:
    async with given_stage(notice="whole") as stage:
        words = ("probe", "--ticket-seconds", "0")
        said = await asyncio.gather(*(hotline(stage.settings, *words) for _ in range(2)))
        first, second = sorted(said, key=lambda one: one.code)
        assert first.code == 0, first.out + first.error
        assert second.code == 1 and "another test call" in second.error
        assert len(await stage.facts("probe_done")) == 1


async def test_one_that_was_killed_in_the_middle_leaves_nothing_in_the_way_of_the_next() -> None:
    async with given_stage(notice="whole") as stage:
        killed = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hotline", "probe", cwd=ROOT, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **environment_of(stage.settings)},
        )  # fmt: skip
        await stage.until_at("pair", "citizen", "operator", within=60)
        killed.kill()
        await killed.wait()
        folder = NodeFolder(stage.installation.folder.program, stage.settings.data_dir / "probe")
        left = AsteriskNode(folder).pid
        assert left is not None, "its phones' Asterisk lives on"
        said = await hotline(stage.settings, "probe", "--ticket-seconds", "0", within=120)
        assert said.code == 0, said.out + said.error
        assert not await asyncio.to_thread(Path(f"/proc/{left}").exists)
        assert not await asyncio.to_thread(folder.base.exists)
        ended = [call.row.stage for call in await stage.calls()]
        assert ended == ["ended", "ended"]
