"""A new flow takes the next call; a call in progress stays in the one it began in."""

import pytest

from hotline.flows import FLOWS, apply_file
from telephony.ivr.shelf import Shelf
from telephony.ivr.source import FlowBroken
from tests.e2e.ivr.scenes import dial_and_press, in_flow, way, written
from tests.e2e.stage import Stage, given_stage, until

NEXT = """\
flow: next
start: hello
nodes:
  hello: {kind: keys, say: [greeting], keys: {5: five}, next: person}
  five: {kind: message}
  person: {kind: queue}
"""


async def test_the_old_call_ends_in_its_flow_and_the_new_one_begins_in_the_new() -> None:
    async with given_stage(notice="whole") as stage:
        city, shelf = stage.city, Shelf(stage.installation.folder)
        old = shelf.in_force
        await dial_and_press(
            city.citizen, "9"
        )  # hears the list of keys: about 14 s of the old flow
        await in_flow(stage, "flow_node_entered", node="key_list")

        applied = await apply_file(stage.installation, written(stage, NEXT))
        assert shelf.in_force == applied.version != old
        assert (applied.kept, applied.dropped) == ([old], [])

        await dial_and_press(city.second_citizen, "5")
        new_call = await in_flow(stage, "flow_node_entered", node="five")
        assert new_call.data["flow"] == applied.version
        await city.citizen.press("1", then="silent")  # a key that only the old flow knows
        old_call = await in_flow(stage, "flow_node_entered", node="emergency")
        assert old_call.data["flow"] == old
        await in_flow(stage, "flow_node_entered", node="person", call_id=old_call.call_id)
        assert (await way(stage, old_call.call_id or ""))[:3] == ["notice", "key_list", "emergency"]

        # Still there for as long as that call is; gone with the next change after it.
        context = f"flow-{old}"
        assert context in await stage.pbx.command("dialplan show")
        for person in (city.citizen, city.second_citizen):
            await person.hang_up()
        await until(lambda: no_channels(stage), 10, "no channels")
        again = await apply_file(stage.installation, written(stage, NEXT))
        assert (again.version, again.dropped) == (applied.version, [old])
        assert context not in await stage.pbx.command("dialplan show")


async def no_channels(stage: Stage) -> bool:
    return not (await stage.pbx.command("core show channels concise")).strip()


async def test_a_broken_flow_is_refused_and_the_running_one_stays() -> None:
    async with given_stage(notice="whole") as stage:
        shelf = Shelf(stage.installation.folder)
        before = shelf.in_force
        broken = written(stage, NEXT.replace("next: person", "next: nobody"))
        with pytest.raises(FlowBroken) as refused:
            await apply_file(stage.installation, broken)
        assert f"{broken}:4: " in str(refused.value)
        assert "nobody" in str(refused.value)
        assert shelf.in_force == before
        assert f"FLOW=flow-{before}" in await stage.pbx.command("dialplan show globals")
        await stage.city.citizen.dial()
        entered = await in_flow(stage, "flow_node_entered", node="notice")
        assert entered.data["flow"] == before


async def test_without_its_flow_a_call_hears_the_plain_greeting() -> None:
    """Somebody deleted the file: nobody is lost for it."""
    async with given_stage(notice="whole") as stage:
        for path in (stage.installation.folder.etc / "flows").glob("*.conf"):
            path.unlink()
        await stage.pbx.command("dialplan reload")
        await stage.city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await stage.city.citizen.dial()
        await stage.until_at("pair", "citizen", "operator")
        assert await stage.facts("flow_node_entered") == []


async def test_every_flow_of_the_repository_is_taken_by_asterisk() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        for file in sorted(FLOWS.glob("*.yaml")):
            applied = await apply_file(stage.installation, file)
            shown = await stage.pbx.command(f"dialplan show flow-{applied.version}")
            assert "Context 'flow-" in shown
        log = (stage.installation.folder.log / "messages").read_text("utf-8")
        assert "pbx_config" not in log
