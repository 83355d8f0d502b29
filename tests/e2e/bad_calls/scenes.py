"""What has to hold after every bad call: nothing is left of it, and the next caller is served."""

import re

from hotline.controller_part import ControllerPart
from tests.e2e.scenes import hears, pass_of
from tests.e2e.stage import SeenCall, Stage, until


async def nothing_is_left(stage: Stage, within: float = 30) -> None:
    """No channel, no live call, no recording that waits for its seal."""

    async def no_channel() -> bool:
        said = await stage.pbx.command("core show channels count")
        return re.search(r"^0 active channels", said, re.M) is not None

    await until(no_channel, within, "no channel left")
    if isinstance(stage.part, ControllerPart):
        part = stage.part
        await until(lambda: not part.registry.open_calls(), within, "no call open")
    spool = stage.installation.folder.recordings
    await until(lambda: not any(spool.iterdir()), within, "the spool empty")

    async def all_ended() -> bool:
        return all(call.row.stage == "ended" for call in await stage.calls())

    await until(all_ended, within, "every call's row ended")


async def the_next_call_goes_well(stage: Stage, number: str = "13800000002") -> SeenCall:
    """A citizen dials, an operator answers, each hears the other, it is sealed, all is gone."""
    city = stage.city
    before = {call.call_id for call in await stage.calls()}
    await city.second_operator.when_rung("answer")
    # Whoever was told not to answer in the story is not to be tried first now.
    await stage.ask(None, kind="sign_out", operator_id="op-1001", extension="1001")
    await stage.sign_in("1002")
    await city.second_citizen.dial()

    async def talking() -> SeenCall | None:
        new = [call for call in await stage.calls() if call.call_id not in before]
        return next((c for c in new if c.at("pair") == {"citizen", "operator"}), None)

    call = await until(talking, 30, "the next call joined")
    assert isinstance(call, SeenCall)
    span = await pass_of(0.6)
    await city.second_citizen.hang_up()
    await city.second_operator.until_hung_up()
    assert hears(city.second_citizen, span) == {"operator"}
    assert hears(city.second_operator, span) == {"citizen"}
    await nothing_is_left(stage)
    return call


def asterisk_log(stage: Stage) -> str:
    """Asterisk's own warnings and errors."""
    return (stage.installation.folder.log / "messages").read_text("utf-8", "replace")


async def start_controller_alone(stage: Stage) -> None:
    """As a process; patient, because a busy machine takes its time to start one."""
    before = len(await stage.facts("controller_started"))
    await stage.start_controller_process(wait=False)

    async def started() -> bool:
        return len(await stage.facts("controller_started")) > before

    await until(started, 60, "controller up")
