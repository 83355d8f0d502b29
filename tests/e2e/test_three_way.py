"""Three and four in a call: who hears whom before, during and after."""

from simulator.ears import longest_gap, who_is_heard
from tests.e2e.scenes import (
    accept,
    connect,
    ear,
    everybody_leaves,
    given_bridged_call,
    given_three_way_call,
    hears,
    hears_at_all,
    hears_on_end,
    pass_of,
)
from tests.e2e.stage import given_stage


async def test_everybody_hears_everybody_and_the_citizen_never_hears_the_ringing() -> None:
    """
    span     | citizen hears       | operator hears    | liaison hears
    before   | operator            | citizen           | -
    asked    | operator            | citizen           | prompts
    during   | operator, liaison   | citizen, liaison  | citizen, operator
    after    | operator            | citizen           | -
    """
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        before = await pass_of(1.0)

        await city.liaison.when_rung("answer", after_seconds=0.5)
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        asked = await pass_of(1.0)
        await city.liaison.press("1")
        await stage.until_at("room", "citizen", "operator", "liaison")
        during = await pass_of(2.0)
        await city.liaison.hang_up()
        await stage.until_at("room", "citizen", "operator")
        after = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator)

        for span in (before, asked, after):
            assert hears(city.citizen, span) == {"operator"}
            assert hears_at_all(city.citizen, span) == {"operator"}
            assert hears(city.operator, span) == {"citizen"}
        assert hears(city.citizen, during) == {"operator", "liaison"}
        assert hears(city.operator, during) == {"citizen", "liaison"}
        assert hears(city.liaison, during) == {"citizen", "operator"}

        # The move into the room is no gap in the citizen's ear.
        assert longest_gap(ear(city.citizen), "operator", before[0], after[1]) <= 0.2

        tracks = await stage.tracks()
        for role in ("citizen", "operator"):
            assert who_is_heard(tracks[role], before[0], after[1]) == {role}
        assert who_is_heard(tracks["liaison"], *during) == {"liaison"}


async def test_a_petition_officer_is_the_fourth_party_and_the_others_talk_on() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_three_way_call(stage)
        await city.petition_officer.when_rung("answer")
        await connect(stage, call, "petition")
        await accept(city.petition_officer)
        await stage.until_at("room", "citizen", "operator", "liaison", "petition")
        four = await pass_of(1.5)
        await city.operator.hang_up()
        await stage.until_at("room", "citizen", "liaison", "petition")
        three = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.liaison, city.petition_officer)

        assert hears(city.citizen, four) == {"operator", "liaison", "petition"}
        assert hears(city.petition_officer, four) == {"citizen", "operator", "liaison"}
        assert hears(city.citizen, three) == {"liaison", "petition"}
        assert set(await stage.tracks()) == {"citizen", "operator", "liaison", "petition"}


async def test_two_liaisons_asked_at_once_both_join() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await city.builder.when_rung("answer")
        await stage.send(call.call_id, kind="connect", unit_id="market")
        await stage.send(call.call_id, kind="connect", unit_id="construction")
        await accept(city.liaison)
        await accept(city.builder)
        await stage.until_call(
            lambda seen: sum(x.place == "room" and not x.ended_at for x in seen.legs) == 4
        )


async def test_muted_put_aside_and_removed() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_three_way_call(stage)
        liaison = call.leg("liaison").leg_id

        assert (await stage.ask(call.call_id, kind="mute", leg_id=liaison)).state == "done"
        muted = await pass_of(1.0)
        await stage.ask(call.call_id, kind="mute", leg_id=liaison, muted=False)
        unmuted = await pass_of(1.0)
        citizen = call.leg("citizen").leg_id
        brought = await stage.ask(call.call_id, kind="aside", leg_id=liaison, back=True)
        assert brought.reason == "no_such_party", "only who was put aside can be brought back"
        await stage.ask(call.call_id, kind="mute", leg_id=citizen)
        await stage.ask(call.call_id, kind="aside", leg_id=citizen)
        await stage.until_at("aside", "citizen")
        aside = await pass_of(1.0)
        await stage.ask(call.call_id, kind="aside", leg_id=citizen, back=True)
        await stage.until_at("room", "citizen", "operator", "liaison")
        back = await pass_of(1.0)
        assert not (await stage.call()).leg("citizen").muted
        await stage.ask(call.call_id, kind="remove", leg_id=liaison)
        await city.liaison.until_hung_up()
        removed = await pass_of(1.0)
        refused = await stage.ask(call.call_id, kind="remove", leg_id=citizen)
        assert (refused.state, refused.reason) == ("refused", "no_such_party")
        await everybody_leaves(stage, city.citizen, city.operator)

        assert hears(city.citizen, muted) == {"operator"}
        assert hears_at_all(city.operator, muted) == {"citizen"}
        assert hears(city.liaison, muted) == {"citizen", "operator"}
        assert hears(city.citizen, unmuted) == {"operator", "liaison"}
        assert hears_on_end(city.citizen, aside) == set()
        assert hears(city.operator, aside) == {"liaison"}
        assert hears(city.citizen, back) == {"operator", "liaison"}
        assert hears(city.operator, back) == {"citizen", "liaison"}
        assert hears(city.citizen, removed) == {"operator"}


async def test_the_last_one_in_the_room_is_not_left_in_silence() -> None:
    async with given_stage() as stage:
        city = stage.city
        await given_three_way_call(stage)
        await city.liaison.hang_up()
        await city.operator.hang_up()
        # Asked for a rating (about 8 s), then a goodbye.
        await city.citizen.until_hung_up(within=30)
        await stage.until_call(lambda call: call.row.stage == "ended")
        nodes = [row.data["node"] for row in await stage.facts("flow_node_entered")]
        assert nodes == ["notice", "person", "rating", "farewell"]


async def test_who_accepts_and_finds_nobody_hears_an_apology() -> None:
    """The citizen hangs up while the liaison still listens to the prompt."""
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        await stage.stop_controller()  # nobody is there to hang the liaison up
        await city.citizen.hang_up()
        await city.liaison.press("1")
        await city.liaison.until_hung_up(within=15)
        await stage.start_controller()
        await stage.until_call(lambda seen: seen.row.stage == "ended")
        answers = [row.data["outcome"] for row in await stage.facts("connect_answered")]
        assert answers == ["accepted", "nobody_joined"]
        [over] = await stage.facts("rung_over")
        assert over.data["outcome"] == "accepted_too_late"
