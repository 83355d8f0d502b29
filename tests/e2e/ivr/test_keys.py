"""Keys at any moment of the notice: each leads where the flow says, none is lost."""

import asyncio

import yaml

from hotline.flows import FLOWS
from simulator.person import Person
from tests.e2e.ivr.scenes import dial_and_press
from tests.e2e.scenes import everybody_leaves
from tests.e2e.stage import Stage, given_stage, until

# Key → the node it leads to.
LEADS = {
    "1": "emergency", "2": "petition", "3": "case_number", "4": "is_leader_there",
    "8": "language", "9": "key_list",
}  # fmt: skip
# Seconds after the citizen is on the line; the notice takes 5.5 s.
MOMENTS = (0.0, 0.4, 1.7, 3.3, 4.8)


async def nodes_of(stage: Stage, call_id: str) -> list[str]:
    return [r.data["node"] for r in await stage.facts("flow_node_entered") if r.call_id == call_id]


async def test_each_key_at_any_moment_of_the_notice() -> None:
    async with given_stage(notice="whole") as stage:
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


def test_no_key_of_the_default_flow_is_left_out() -> None:
    nodes = yaml.safe_load((FLOWS / "putian.yaml").read_text("utf-8"))["nodes"]
    assert nodes["notice"]["keys"] == nodes["key_list"]["keys"] == LEADS


async def test_each_key_in_the_list_of_keys() -> None:
    """Read aloud to whoever presses 9; each of its keys leads where it says, 9 says it again."""
    async with given_stage(notice="whole") as stage:
        people = {key: stage.city.person(f"1380100{key:>04}", "citizen") for key in LEADS}

        async def story(person: Person, key: str) -> None:
            await dial_and_press(person, "9")
            await in_flow_of(stage, person, "key_list")
            await person.press(key)

        await asyncio.gather(*(story(person, key) for key, person in people.items()))
        for key, person in people.items():
            nodes = await in_flow_of(stage, person, LEADS[key], after="key_list")
            assert nodes[:3] == ["notice", "key_list", LEADS[key]]


async def in_flow_of(stage: Stage, person: Person, node: str, after: str = "notice") -> list[str]:
    """The caller's way, once it has led to this node after that one."""

    async def led() -> list[str] | None:
        mine = [c for c in await stage.calls() if c.row.caller_number == person.number]
        nodes = await nodes_of(stage, mine[0].call_id) if mine else []
        return nodes if after in nodes and node in nodes[nodes.index(after) + 1 :] else None

    nodes = await until(led, 20, f"{person.number} from {after} to {node}")
    return list(nodes)


async def test_without_a_key_a_person_after_the_notice() -> None:
    async with given_stage(notice="whole") as stage:
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
