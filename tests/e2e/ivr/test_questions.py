"""What a flow asks Python: answered in the middle of a call, or let go within two seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.e2e.ivr.scenes import (
    dial_and_press,
    given_ticket,
    in_flow,
    seconds_between,
    typed,
    way,
)
from tests.e2e.queueing.seen import heard_prompt
from tests.e2e.scenes import ear
from tests.e2e.stage import Stage, given_stage, until


@asynccontextmanager
async def nobody_answers(port: int) -> AsyncIterator[None]:
    """A hung controller: takes every connection and never says a word."""
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in held:
            writer.close()


@pytest.mark.parametrize(
    ("status", "told"), [("open", "case_received"), ("resolved", "case_done")]
)  # fmt: skip
async def test_the_progress_of_a_case_is_read_aloud(status: str, told: str) -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        number = await given_ticket(stage, status)
        await dial_and_press(city.citizen, "3", typed(number))
        call = await stage.until_call(lambda seen: seen.at("message") == {"citizen"}, within=40)
        assert (await way(stage, call.call_id)) == [
            "notice", "case_number", "case_progress", told, "person",
        ]  # fmt: skip
        answered = await in_flow(stage, "flow_answered", question="progress")
        assert answered.data["answer"] == told.removeprefix("case_")
        asked = await in_flow(stage, "flow_node_entered", node="case_progress")
        assert seconds_between(asked.at, answered.at) < 2
        # …and was really heard, in these words and no others.
        await city.citizen.hang_up()
        await city.citizen.until_hung_up()
        likeness = {
            name: heard_prompt(ear(city.citizen), name)
            for name in ("case_received", "case_done", "case_unknown")
        }
        assert likeness.pop(told) > 0.8
        assert max(likeness.values()) < 0.7, likeness


async def test_a_number_that_is_no_case_is_said_so() -> None:
    async with given_stage(notice="whole") as stage:
        await dial_and_press(stage.city.citizen, "3", "20260101999999")
        answered = await in_flow(stage, "flow_answered", question="progress")
        assert answered.data["answer"] == "unknown"
        await in_flow(stage, "flow_node_entered", node="case_unknown")
        digits = await in_flow(stage, "flow_digits_typed")
        assert digits.data["count"] == 14
        assert "20260101999999" not in await whole_journal(stage)


async def whole_journal(stage: Stage) -> str:
    return " ".join(str(row.data) for row in await stage.facts())


@pytest.mark.measures_time
async def test_a_hung_controller_costs_two_seconds_and_no_call() -> None:
    """The port is taken by somebody who never answers; the events are read afterwards."""
    async with given_stage(notice="whole", controller="none") as stage:
        async with nobody_answers(stage.settings.agi_port):
            await stage.city.citizen.when_rung("answer")
            await dial_and_press(stage.city.citizen, "4")
            await reached_queue(stage)
        await stage.start_controller()
        asked = await in_flow(stage, "flow_node_entered", node="is_leader_there")
        answered = await in_flow(stage, "flow_answered", question="on_duty")
        assert answered.data["answer"] == ""
        assert 1.5 < seconds_between(asked.at, answered.at) <= 2.5
        [call] = await stage.calls()
        assert call.row.stage == "live"
        assert (await way(stage, call.call_id))[-1] == "person"


async def test_without_a_controller_the_caller_goes_on_at_once() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        await dial_and_press(stage.city.citizen, "3", "20260101000001")
        await reached_queue(stage)
        await stage.start_controller()
        asked = await in_flow(stage, "flow_node_entered", node="case_progress")
        answered = await in_flow(stage, "flow_answered", question="progress")
        assert (answered.data["answer"], seconds_between(asked.at, answered.at) < 1) == ("", True)
        await in_flow(stage, "flow_node_entered", node="case_unavailable")


async def reached_queue(stage: Stage) -> None:
    log = stage.installation.folder.cel_file
    await until(lambda: log.exists() and '"QUEUED"' in log.read_text("utf-8"), 30, "the queue")
