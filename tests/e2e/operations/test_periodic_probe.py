"""HOTLINE_PROBE_MINUTES: test calls by themselves; an alarm while they fail, and its end."""

import asyncio
import socket

import pytest

from hotline.alarms.sending import add_target
from store.journal import JournalRow
from telephony.asterisk.ports import free_port
from tests.e2e.operations.test_probe import ringbacks
from tests.e2e.operations.test_upgrade import up
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.test_supervisor import is_well
from tests.integration.operations.test_alarms import given_receiver
from tests.speech import korean_model

# Stories with a whole service keep a processor busy: one of them at a time.
pytestmark = pytest.mark.xdist_group("service")

# Half a minute until the first, half a minute each; and a transcript may take what it takes.
ROUND_SECONDS = 300.0
BREAKS = "queue pause member PJSIP/999002 queue probe"
MENDS = "queue unpause member PJSIP/999002 queue probe"


@pytest.mark.timeout(900)
async def test_it_calls_again_and_again_and_tells_when_it_fails_and_when_it_is_well(
    good_rounds: int = 1,
) -> None:
    """
    rounds     | operator of the probe | alarm                | told
    1          | answers               |                      |
    2          | is paused             | probe_failed raised  | "a test call failed"
    3          | answers               | cleared              | "well again"
    """
    api_port = free_port("127.0.0.1", socket.SOCK_STREAM)
    with given_receiver() as receiver:
        async with given_stage(
            controller="none", api_port=api_port, model_dir=korean_model(), probe_minutes=0.05
        ) as stage:
            add_target(stage.settings.data_dir, receiver.url)
            program = await up(stage.settings)
            try:
                await until(lambda: is_well(stage.settings), 120, "every part well", look=0.25)
                await stage.sign_in("1001")
                for number in range(good_rounds):
                    assert (await probe(stage, number)).data["failed"] == []
                assert await stage.facts("alarm_raised") == []

                await stage.pbx.command(BREAKS)
                failed = await failing(stage)
                assert "an operator" in str(failed.data["failed"])
                raised = await until(lambda: stage.facts("alarm_raised"), 20, "the alarm")
                assert [row.data["alarm"] for row in raised] == ["probe_failed"]
                await until(lambda: receiver.titles("a test call failed"), 30, "told of it")

                await stage.pbx.command(MENDS)
                await until(lambda: stage.facts("alarm_cleared"), ROUND_SECONDS, "its end")
                await until(lambda: receiver.titles("well again"), 30, "told that it is well")
                assert (await stage.facts("probe_done"))[-1].data["ok"]
                # Once for all that fails within a period; and once that it is over.
                assert len(receiver.titles("a test call failed")) == 2
                await nobodys(stage)
            finally:
                program.terminate()
                await asyncio.wait_for(program.wait(), 60)
                assert program.returncode == 0


async def probe(stage: Stage, number: int) -> JournalRow:
    """The n-th test call, once it is over."""

    async def over() -> JournalRow | None:
        done = await stage.facts("probe_done")
        return done[number] if len(done) > number else None

    row = await until(over, ROUND_SECONDS, f"test call {number}")
    assert isinstance(row, JournalRow)
    return row


async def failing(stage: Stage) -> JournalRow:
    async def failed() -> JournalRow | None:
        done = await stage.facts("probe_done")
        return next((row for row in done if not row.data["ok"]), None)

    row = await until(failed, 2 * ROUND_SECONDS, "a test call that fails")
    assert isinstance(row, JournalRow)
    return row


async def nobodys(stage: Stage) -> None:
    """Not one of them is a citizen's: their tickets are closed, nobody is owed a call."""
    calls = await stage.calls()
    assert {call.row.called for call in calls} == {"probe"}
    assert {(ticket.kind, ticket.status) for ticket in await stage.tickets()} == {
        ("probe", "closed")
    }
    assert await ringbacks(stage) == 0
    assert stage.city.operator.times_rung == 0
