"""`hotline probe`: a real test call through everything; what is wrong is named."""

from sqlalchemy import func, select

from casework.ringback.tables import Ringback
from hotline.alarms.watch import alarm_of
from hotline.health.follow import follow
from hotline.metrics.collect import scrape
from hotline.metrics.totals import FOLLOWER, count_fact
from tests.e2e.scenes import everybody_leaves, given_bridged_call
from tests.e2e.stage import Stage, given_stage
from tests.integration.operations.program import hotline


async def ringbacks(stage: Stage) -> int:
    async with stage.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Ringback)) or 0


async def test_all_is_well_beside_a_citizens_call_and_the_ticket_is_nobodys() -> None:
    async with given_stage() as stage, stage.desk():
        city = stage.city
        await given_bridged_call(stage)
        said = await hotline(stage.settings, "probe", within=150)
        assert said.code == 0, said.out + said.error
        [done] = await stage.facts("probe_done")
        assert done.data["ok"] and done.data["failed"] == []
        probed = await stage.call(1)
        assert (probed.row.called, probed.call_id) == ("probe", done.call_id)
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


async def test_what_is_wrong_is_named_and_no_operator_owes_a_call_back() -> None:
    async with given_stage() as stage:
        await stage.pbx.command("queue pause member PJSIP/999002 queue probe")
        said = await hotline(stage.settings, "probe", "--ticket-seconds", "0", within=120)
        assert said.code == 1 and "answered" in said.out and "Traceback" not in said.error
        [done] = await stage.facts("probe_done")
        assert done.data["ok"] is False
        assert alarm_of(done) == "probe_failed"
        await stage.until_call(lambda call: call.row.stage == "ended")
        assert await ringbacks(stage) == 0
