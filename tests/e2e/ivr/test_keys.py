"""Keys at any moment of the notice: each leads where the flow says, none is lost."""

import asyncio

from simulator.person import Person
from tests.e2e.scenes import everybody_leaves
from tests.e2e.stage import Stage, given_stage, until

# Key → the node it leads to.
LEADS = {"1": "emergency", "2": "petition", "3": "case_number", "8": "language", "9": "key_list"}
# Seconds after the citizen is on the line; the notice takes 5.5 s.
MOMENTS = (0.0, 0.4, 1.7, 3.3, 4.8)


async def nodes_of(stage: Stage, call_id: str) -> list[str]:
    return [r.data["node"] for r in await stage.facts("flow_node_entered") if r.call_id == call_id]


async def test_each_key_at_any_moment_of_the_notice() -> None:
    async with given_stage() as stage:
        people = {
            (key, moment): stage.city.person(f"13800{n:02d}{m:04d}", "citizen")
            for n, key in enumerate(LEADS)
            for m, moment in enumerate(MOMENTS)
        }

        async def story(person: Person, key: str, moment: float) -> None:
            await person.dial()
            await person.until_talking()
            await asyncio.sleep(moment)  # the moment itself is what is tried
            await person.press(key)

        await asyncio.gather(*(story(p, *what) for what, p in people.items()))

        async def all_told() -> bool:
            return len(await stage.facts("flow_key_pressed")) >= len(people)

        await until(all_told, 15, "every key told")
        calls = {call.row.caller_number: call for call in await stage.calls()}
        pressed = {r.call_id: r.data for r in await stage.facts("flow_key_pressed")}
        for (key, moment), person in people.items():
            [call] = [c for number, c in calls.items() if number and person.number in number]
            assert (pressed[call.call_id]["node"], pressed[call.call_id]["key"]) == ("notice", key)
            nodes = await nodes_of(stage, call.call_id)
            assert nodes[:2] == ["notice", LEADS[key]], (key, moment, nodes)


async def test_without_a_key_a_person_after_the_notice() -> None:
    async with given_stage() as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await city.citizen.dial()
        call = await stage.until_at("pair", "citizen", "operator")
        assert await nodes_of(stage, call.call_id) == ["notice", "person"]
        [entered, _] = await stage.facts("flow_node_entered")
        [queued] = [r for r in await stage.facts("leg_moved") if r.data["place"] == "queue"]
        assert (queued.at - entered.at).total_seconds() < 6.5
        await everybody_leaves(stage, city.citizen, city.operator)
