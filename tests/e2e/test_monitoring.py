"""Supervisors: a listener is silent, a whisper reaches the operator alone, barging is for all."""

import pytest

from simulator.ears import anybody_heard
from tests.e2e.scenes import (
    everybody_leaves,
    given_bridged_call,
    given_three_way_call,
    hears,
    hears_at_all,
    pass_of,
)
from tests.e2e.stage import SeenCall, Stage, given_stage


async def monitor(stage: Stage, call: SeenCall, mode: str) -> None:
    command = await stage.ask(
        call.call_id, kind="listen", mode=mode, reason="质检抽查", extension="1901"
    )
    assert command.state == "done", command.reason
    await stage.until_call(
        lambda seen: any(x.role == "supervisor" and x.mode == mode for x in seen.legs)
    )


@pytest.mark.parametrize("beginning", [given_bridged_call, given_three_way_call])
async def test_listen_whisper_barge_and_back(beginning: object) -> None:
    """
    mode    | supervisor hears | operator hears      | citizen hears
    listen  | all              | all but supervisor  | all but supervisor
    whisper | all              | all                 | all but supervisor
    barge   | all              | all                 | all
    """
    async with given_stage() as stage:
        city = stage.city
        call: SeenCall = await beginning(stage)  # type: ignore[operator]
        others = set((await stage.call()).at("pair") | (await stage.call()).at("room"))
        await city.supervisor.when_rung("answer")

        await monitor(stage, call, "listen")
        listened = await pass_of(1.2)
        await monitor(stage, call, "whisper")
        whispered = await pass_of(1.2)
        await monitor(stage, call, "barge")
        await stage.until_at("room", *others, "supervisor")
        barged = await pass_of(1.2)
        await monitor(stage, call, "listen")
        again = await pass_of(1.2)
        assert city.supervisor.times_rung == 1, "switching a mode rings nobody again"
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison, city.supervisor)

        for span in (listened, whispered, again):
            assert hears(city.supervisor, span) >= others
            assert "supervisor" not in hears_at_all(city.citizen, span)
        assert "supervisor" not in hears_at_all(city.operator, listened)
        assert "supervisor" not in hears_at_all(city.operator, again)
        assert hears(city.operator, whispered) >= {"citizen", "supervisor"}
        assert hears(city.citizen, barged) == others - {"citizen"} | {"supervisor"}
        assert hears(city.supervisor, barged) == others

        # The whisper is in the supervisor's own track and in nobody else's.
        tracks = await stage.tracks()
        assert anybody_heard(tracks["supervisor"], *whispered) == {"supervisor"}
        for role in others:
            assert "supervisor" not in anybody_heard(tracks[role], *whispered)
        modes = [row.data["mode"] for row in await stage.facts("monitoring_mode")]
        assert modes == ["listen", "whisper", "barge", "listen"]
        asked = await stage.facts("monitoring_asked")
        assert {row.data["reason"] for row in asked} == {"质检抽查"}


async def test_the_supervisor_is_hung_up_when_the_call_is_over() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.supervisor.when_rung("answer")
        await monitor(stage, call, "listen")
        await city.citizen.hang_up()
        await city.supervisor.until_hung_up()
