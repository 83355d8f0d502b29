"""What is killed, cut or locked in the middle of a call costs nobody a word."""

import asyncio
import json
import sqlite3
import time
from collections import Counter
from datetime import datetime

import pytest
from sqlalchemy import select

from hotline.controller_part import ControllerPart
from simulator.ears import longest_gap, who_is_heard
from store.tables import FactRow
from telephony.ami.link import AmiAddress
from tests.e2e.proxy import given_proxy
from tests.e2e.scenes import (
    accept,
    connect,
    ear,
    everybody_leaves,
    given_bridged_call,
    given_three_way_call,
    hears,
    pass_of,
)
from tests.e2e.stage import Stage, given_stage, until
from tests.postgres import PostgresServer

OUTAGE_SECONDS = 30.0


@pytest.mark.measures_time
async def test_controller_killed_in_a_three_way_call_is_back_within_two_seconds() -> None:
    """
    event                            | talk | recording | state afterwards
    kill -9 while a ladder rings     | on   | on        | the same rooms, rung and pauses
    """
    async with given_stage(controller="process") as stage, stage.desk():
        city = stage.city
        call = await given_three_way_call(stage)
        await stage.sign_in("1002")
        pause = await stage.ask(
            None, kind="pause", operator_id="op-1002", extension="1002", reason="培训"
        )
        assert pause.state == "done"
        await city.petition_officer.when_rung("answer", after_seconds=6)
        await connect(stage, call, "petition")
        await city.petition_officer.until_rung()
        before = (await stage.call()).at("room")
        start, _ = await pass_of(0.5)

        await stage.kill_controller()
        during = await pass_of(1.0)
        await stage.start_controller_process()
        [_, again] = await stage.facts("controller_started")
        started = await asyncio.to_thread(last_start, stage)
        assert (again.at - started).total_seconds() < 2.0
        assert (again.data["calls"], again.data["ended"]) == (1, 0)
        assert (await stage.call()).at("room") == before
        members = await stage.pbx.command("queue show hotline")
        assert "op-1002" in members and "paused" in members

        await accept(city.petition_officer)
        await stage.until_at("room", "citizen", "operator", "liaison", "petition")
        assert city.petition_officer.times_rung == 1
        _, end = await pass_of(0.5)
        everybody = (city.citizen, city.operator, city.liaison, city.petition_officer)
        await everybody_leaves(stage, *everybody)

        assert hears(city.citizen, during) == {"operator", "liaison"}
        assert longest_gap(ear(city.citizen), "operator", start, end) <= 0.2
        tracks = await stage.tracks()
        assert who_is_heard(tracks["citizen"], start, end) == {"citizen"}
        assert len(await stage.until_tickets(1)) == 1


@pytest.mark.timeout(240)
async def test_a_whole_call_and_a_decline_within_an_outage_are_known_afterwards() -> None:
    async with given_stage(controller="process") as stage, stage.desk():
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await city.deputy.when_rung("no_answer")
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        await stage.kill_controller()
        killed = time.monotonic()

        await city.liaison.press("2")
        await city.liaison.until_hung_up()
        await city.second_operator.when_rung("answer")
        await city.second_citizen.dial()  # the only operator talks: a message is taken
        await city.second_citizen.until_talking()
        await pass_of(6.5)
        await city.second_citizen.hang_up()
        await city.second_citizen.until_hung_up()
        await pass_of(OUTAGE_SECONDS - (time.monotonic() - killed))

        await stage.start_controller_process()
        second = await stage.until_call(lambda seen: seen.row.stage == "ended", number=1)
        assert second.row.caller_number == "13800000002"
        [declined, *_] = await stage.facts("rung_over")
        assert declined.data["outcome"] == "declined"
        await city.deputy.until_rung()  # and the ladder climbed on
        await stage.sealed(1)
        [ticket] = await stage.until_tickets(1)
        assert ticket.call_id == second.call_id
        await everybody_leaves_call(stage)


def last_start(stage: Stage) -> datetime:
    """When the controller's process last began its work, by its own log."""
    lines = (stage.settings.data_dir / "controller.log").read_text("utf-8").splitlines()
    starts = [json.loads(line) for line in lines if '"part_started"' in line]
    return datetime.fromisoformat(starts[-1]["timestamp"])


async def everybody_leaves_call(stage: Stage) -> None:
    await stage.city.citizen.hang_up()
    await stage.city.operator.until_hung_up()


async def test_asterisk_killed_leaves_readable_tracks_and_a_ticket_that_says_so() -> None:
    async with given_stage() as stage, stage.desk():
        await given_three_way_call(stage)
        start, end = await pass_of(4.0)
        stage.pbx.kill()
        stage.pbx.start()
        await stage.pbx.ready()
        await stage.until_call(lambda seen: seen.row.stage == "ended", within=20)
        assert (await stage.call()).row.line_broke

        folder, manifest = await stage.sealed()
        assert {track.role for track in manifest.tracks} == {"citizen", "operator", "liaison"}
        assert all(track.repaired for track in manifest.tracks)
        tracks = await stage.tracks()
        # Asterisk holds back up to 32 KiB, two seconds, which die with it.
        assert who_is_heard(tracks["citizen"], start, end - 2.5) == {"citizen"}
        assert folder.is_dir()
        [ticket] = await stage.until_tickets(1)
        assert ticket.line_broke


@pytest.mark.parametrize("moment", ["after the request", "before the reply"])
async def test_nobody_is_rung_twice_when_the_link_is_cut(moment: str) -> None:
    """The link dies right after the Originate went out, or right before its answer comes in."""
    async with given_stage(controller="none") as stage:
        city = stage.city
        async with given_proxy(stage.settings.ami_port) as proxy:
            real = stage.installation.ami
            through = AmiAddress(real.host, proxy.port, real.username, real.secret)
            stage.installation.__dict__["ami"] = through
            await stage.start_controller()
            call = await given_bridged_call(stage)
            await city.liaison.when_rung("answer")

            sent: Counter[str] = Counter()

            def originating(data: bytes) -> bool:
                sent["originate"] += data.count(b"Action: Originate")
                return b"Action: Originate" in data and proxy.cuts == 0

            def replying(data: bytes) -> bool:
                return b"Originate successfully queued" in data and proxy.cuts == 0

            if moment == "after the request":
                proxy.cut_after_request = originating
            else:
                proxy.cut_before_reply = replying
            await connect(stage, call, "market")
            await accept(city.liaison)
            await stage.until_at("room", "citizen", "operator", "liaison")
            assert proxy.cuts == 1
            assert city.liaison.times_rung == 1
            assert city.deputy.times_rung == 0
            await stage.stop_controller()


@pytest.mark.timeout(240)
async def test_sqlite_locked_for_a_minute_costs_a_call_nothing() -> None:
    async with given_stage() as stage, stage.desk():
        city = stage.city
        call = await given_bridged_call(stage)
        path = stage.settings.data_dir / "hotline.sqlite"
        locker = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
        # In a thread: who holds the lock now, controller or desk, can let it go only while this
        # loop, which is theirs as well, runs on.
        await asyncio.to_thread(locker.execute, "BEGIN EXCLUSIVE")
        start, end = await pass_of(60)
        await pass_of(0.5)  # over a minute a busy machine's ear falls behind
        await city.citizen.hang_up()
        await city.operator.until_hung_up()
        locker.execute("ROLLBACK")
        locker.close()
        await stage.until_call(lambda seen: seen.row.stage == "ended", within=30)
        assert hears(city.citizen, (start, end)) == {"operator"}
        await nothing_missing(stage)
        [ticket] = await stage.until_tickets(1)
        assert ticket.call_id == call.call_id


@pytest.mark.timeout(240)
async def test_postgresql_stopped_for_a_minute_costs_a_call_nothing(
    postgres_server: PostgresServer,
) -> None:
    async with given_stage(database=postgres_server.new_database()) as stage, stage.desk():
        city = stage.city
        call = await given_bridged_call(stage)
        await asyncio.to_thread(postgres_server.stop)
        start, end = await pass_of(60)
        await pass_of(0.5)  # over a minute a busy machine's ear falls behind
        await city.citizen.hang_up()
        await city.operator.until_hung_up()
        await asyncio.to_thread(postgres_server.start)
        await stage.until_call(lambda seen: seen.row.stage == "ended", within=30)
        assert hears(city.citizen, (start, end)) == {"operator"}
        await nothing_missing(stage)
        [ticket] = await stage.until_tickets(1)
        assert ticket.call_id == call.call_id


async def nothing_missing(stage: Stage) -> None:
    """Every entry of the node's journal is in the main one, once and in order."""
    part = stage.part
    assert isinstance(part, ControllerPart)
    journal = part.journal
    written = [entry.number for entry in journal.after(0, 10_000)]
    await until(lambda: journal.forwarded >= written[-1], 20, "everything forwarded")
    # What is written after this look (a seal, say) is forwarded later.
    copied = [row.node_number for row in await _rows(stage)]
    assert copied[: len(written)] == written


async def _rows(stage: Stage) -> list[FactRow]:
    async with stage.database.reading() as session:
        rows = await session.scalars(
            select(FactRow).where(FactRow.node.is_not(None)).order_by(FactRow.number)
        )
        return list(rows)


async def test_words_after_five_seconds_without_packets_are_placed_truly() -> None:
    """A citizen's phone sends nothing for 5 s: what follows is where it was said."""
    async with given_stage() as stage:
        city = stage.city
        await given_bridged_call(stage)
        await city.citizen.lose_line()
        await pass_of(5.0)
        await city.citizen.speak_tone()
        spoken = time.time()
        await pass_of(2.0)
        await everybody_leaves(stage, city.citizen, city.operator)

        track = (await stage.tracks())["citizen"]
        first = next(
            moment / 100
            for moment in range(round((spoken - 3) * 100), round((spoken + 3) * 100))
            if who_is_heard(track, moment / 100, moment / 100 + 0.1) == {"citizen"}
        )
        assert abs(first - spoken) <= 0.2
        assert who_is_heard(track, spoken - 2.0, spoken - 0.5) == set()
