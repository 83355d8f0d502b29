"""Rooms have few names, given again and again, and nobody meets whoever had the name before."""

from telephony import dialplan
from telephony.ami.actions import Originate
from tests.e2e.scenes import (
    accept,
    connect,
    everybody_leaves,
    given_bridged_call,
    given_second_bridged_call,
    given_three_way_call,
    hears,
    pass_of,
)
from tests.e2e.stage import Stage, given_stage, until

TOGETHER = {"citizen", "operator", "liaison"}


async def rooms(stage: Stage) -> dict[str, int]:
    """Asterisk's own list: a room's name → how many are in it."""
    listed = (await stage.pbx.command("confbridge list")).splitlines()
    columns = [line.split() for line in listed[2:]]
    return {name: int(people) for name, people, *_ in columns}


async def test_two_calls_at_once_have_two_rooms_and_the_next_call_has_the_first_again() -> None:
    async with given_stage() as stage:
        city = stage.city
        await given_three_way_call(stage)
        second = await given_second_bridged_call(stage)
        await city.petition_officer.when_rung("answer")
        await connect(stage, second, "petition")
        await accept(city.petition_officer)
        await stage.until_call(
            lambda seen: seen.at("room") == {"citizen", "operator", "petition"}, number=1
        )
        assert await rooms(stage) == {"room-1": 3, "room-2": 3}
        both = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        assert hears(city.citizen, both) == {"operator", "liaison"}
        await stage.until_call(lambda seen: bool(seen.row.ended_at))

        # The second goes on in its own; the first one's is free, and found again.
        await city.citizen.dial()
        third = await stage.until_call(
            lambda seen: seen.at("pair") == {"citizen", "operator"}, number=2
        )
        await connect(stage, third, "market")
        await accept(city.liaison)
        await stage.until_call(lambda seen: seen.at("room") == TOGETHER, number=2)
        assert await rooms(stage) == {"room-1": 3, "room-2": 3}
        again = await pass_of(1.0)
        everybody = (city.second_citizen, city.second_operator, city.petition_officer)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison, *everybody)
        assert hears(city.citizen, again) == {"operator", "liaison"}
        assert hears(city.petition_officer, again) == {"citizen", "operator"}
        assert await rooms(stage) == {}


async def test_with_a_stranger_behind_the_name_a_call_takes_a_room_of_its_own() -> None:
    """Somebody Asterisk still has in room-1, of whom we know nothing: a call must not meet them."""
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        assert stage.part
        stranger = Originate(
            channel=f"Local/s@{dialplan.ASIDE}/n", channel_id="stranger", context=dialplan.ROOM,
            variables={"CALL_ID": "strange", dialplan.NAME_OF_ROOM: "room-1"},
        )  # fmt: skip
        await stage.part.link.send(stranger)

        async def stranger_is_there() -> bool:
            return await rooms(stage) == {"room-1": 1}

        await until(stranger_is_there, 10, "a stranger in room-1")
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await accept(city.liaison)
        seen = await stage.until_at("room", *TOGETHER)
        assert await rooms(stage) == {"room-1": 1, call.call_id: 3}

        # What is asked for in the room finds it all the same.
        leg_id = seen.leg("operator").leg_id
        muted = await stage.ask(call.call_id, kind="mute", leg_id=leg_id)
        assert muted.state == "done", muted.reason
        silent = await pass_of(1.0)
        aside = await stage.ask(call.call_id, kind="aside", leg_id=leg_id)
        assert aside.state == "done", aside.reason
        await stage.until_at("room", "citizen", "liaison")
        back = await stage.ask(call.call_id, kind="aside", leg_id=leg_id, back=True)
        assert back.state == "done", back.reason
        await stage.until_at("room", *TOGETHER)
        assert await rooms(stage) == {"room-1": 1, call.call_id: 3}
        together = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        assert hears(city.citizen, silent) == {"liaison"}
        assert hears(city.citizen, together) == {"operator", "liaison"}
