"""Handed over to an emergency centre: at one key, with the citizen's words, and never dropped."""

import asyncio
from pathlib import Path

import soundfile

from casework.duty.roster import import_roster, read_roster
from hotline.settings import ROOT
from simulator.ears import who_is_heard, windows
from simulator.person import Person
from tests.e2e.scenes import (
    accept,
    connect,
    ear,
    everybody_leaves,
    given_bridged_call,
    hand_over,
    hears,
    hears_at_all,
    pass_of,
)
from tests.e2e.stage import given_stage, until

PROMPTS = ROOT / "asterisk_conf/sounds/zh"


async def test_110_joins_at_one_key_and_all_three_hear_each_other() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.police.when_rung("answer")
        await connect(stage, call, "110")
        await city.police.until_talking()
        asked = await pass_of(0.5)
        await city.police.press("1")
        await stage.until_at("room", "citizen", "operator", "emergency")
        during = await pass_of(1.5)
        assert await stage.facts("words_asked") == []
        await everybody_leaves(stage, city.citizen, city.operator)

        assert hears_at_all(city.citizen, asked) == {"operator"}
        assert hears(city.citizen, during) == {"operator", "emergency"}
        assert hears(city.operator, during) == {"citizen", "emergency"}
        assert hears(city.police, during) == {"citizen", "operator"}
        [asked_for] = (await stage.call()).connects
        assert (asked_for.unit_id, asked_for.joined_unit) == ("police", "police")
        assert who_is_heard((await stage.tracks())["emergency"], *during) == {"emergency"}


async def test_key_3_plays_the_citizens_words_without_their_pauses() -> None:
    """
    the citizen        | speaks 3 s or more, is silent 4 s, speaks, is silent
    the dispatcher     | presses 3, hears it without the pause, is asked again, presses 1
    citizen, operator  | hear nothing of it
    """
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        first = await pass_of(2.5)
        await city.citizen.be_silent()
        quiet = await pass_of(4.0)
        await city.citizen.speak_tone()
        await pass_of(1.5)
        await city.citizen.be_silent()
        # What Asterisk still holds back of a track, about 2 s, cannot be played.
        await pass_of(2.5)
        await city.police.when_rung("answer")
        await city.police.begins("silent")
        await connect(stage, call, "110")
        await city.police.until_talking()
        listening, _ = await pass_of(0.1)
        await city.police.press("3", then="silent")
        [heard] = await until(lambda: stage.facts("words_heard"), 10, "the words played")
        [ready] = await stage.facts("words_prepared")
        assert heard.data["person_id"] == "police-line"
        assert heard.data["unit_id"] == "police"
        folder = stage.installation.folder.spool / "words"
        [laid] = list(folder.iterdir())
        assert laid.stat().st_mode & 0o077 == 0
        _, end = await pass_of(ready.data["seconds"] + 1.0)
        await city.police.press("1")
        await stage.until_at("room", "citizen", "operator", "emergency")
        await everybody_leaves(stage, city.citizen, city.operator)

        spoken = sum("citizen" in window for window in windows(ear(city.police), listening, end))
        track = (await stage.tracks())["citizen"]
        said = sum("citizen" in w for w in windows(track, track.starts_at, listening))
        assert abs(spoken - said) <= 6, (spoken, said)  # tenths of a second
        # 4 s of silence were left out: little more is played than was said.
        assert ready.data["seconds"] <= said / 10 + 2.0
        assert who_is_heard(track, *first) == {"citizen"}
        assert who_is_heard(track, *quiet) == set()
        for person in (city.citizen, city.operator):
            assert "citizen" not in hears_at_all(person, (listening, end))
        assert "citizen" not in (await stage.tracks()).keys() - {"citizen"}
        own = (await stage.tracks())["emergency"]
        assert who_is_heard(own, listening, end) == set()
        assert list(folder.iterdir()) == []


async def test_a_line_that_does_not_answer_is_followed_by_its_fallback() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.police.when_rung("busy")
        await city.command_centre.when_rung("answer")
        await connect(stage, call, "110")
        await accept(city.command_centre)
        seen = await stage.until_call(lambda seen: any(c.joined_at for c in seen.connects))
        [asked] = seen.connects
        assert (asked.unit_id, asked.joined_unit) == ("police", "command")
        assert [rung["outcome"] for rung in asked.rungs] == ["busy", "joined"]
        refused = await stage.ask(call.call_id, kind="connect", unit_id="9")
        assert (refused.state, refused.reason) == ("refused", "already_there")
        await everybody_leaves(stage, city.citizen, city.operator)


async def test_handed_over_the_operator_leaves_and_a_partner_who_leaves_is_no_end() -> None:
    """
    span      | citizen hears        | because
    over      | the dispatcher       | the operator left as soon as they had joined
    back      | the operator         | the dispatcher hung up: back in the queue, first
    """
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.police.when_rung("answer")
        await hand_over(stage, call, "110")
        await accept(city.police)
        await stage.until_at("room", "citizen", "emergency")
        await city.operator.until_hung_up()
        over = await pass_of(1.0)
        await city.police.hang_up()
        await stage.until_at("pair", "citizen", "operator", within=25)
        back = await pass_of(1.0)
        assert (await stage.call()).connects[0].handover
        await city.operator.hang_up()  # and this is the end, with a goodbye
        await city.citizen.until_hung_up(within=15)
        await stage.until_call(lambda seen: seen.row.stage == "ended")

        assert hears(city.citizen, over) == {"emergency"}
        assert hears(city.police, over) == {"citizen"}
        assert hears(city.citizen, back) == {"operator"}


async def test_an_operator_who_has_left_and_nobody_answers_the_citizen_is_queued_again() -> None:
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.police.when_rung("no_answer")
        await city.command_centre.when_rung("busy")
        await hand_over(stage, call, "110")
        await city.police.until_rung()
        await city.operator.hang_up()
        await stage.until_at("room", "citizen")
        assert city.citizen.is_talking
        again = await stage.until_at("pair", "citizen", "operator", within=40)
        assert again.connects[0].how == "exhausted"
        await everybody_leaves(stage, city.operator, city.citizen)


async def test_with_no_python_alive_citizen_and_dispatcher_still_meet() -> None:
    """The operator has handed over and left; then the controller is gone."""
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.police.when_rung("answer", after_seconds=1.0)
        await hand_over(stage, call, "110")
        await city.police.until_talking()
        await stage.stop_controller()
        await city.operator.hang_up()
        await city.operator.until_hung_up()
        await city.police.press("3", then="silent")
        await pass_of(seconds_of("emergency_no_words") + 2.2)
        await city.police.press("1")
        together = await pass_of(seconds_of("transferring") + 1.0)
        met = (together[1] - 1.0, together[1])
        await everybody_hangs_up(city.citizen, city.police)
        assert hears(city.citizen, met) == {"emergency"}
        assert hears(city.police, met) == {"citizen"}
        await stage.start_controller()
        await stage.until_call(lambda seen: seen.row.stage == "ended")
        assert len(await stage.facts("words_asked")) == 1
        assert await stage.facts("words_heard") == []  # the dialplan said that there is nothing


async def test_a_closed_line_goes_to_its_fallback_at_once_or_is_refused() -> None:
    async with given_stage() as stage:
        city = stage.city
        roster = (ROOT / "simulator/roster.yaml").read_text("utf-8")
        for line in ('line: "110"', 'line: "119"'):
            assert line in roster
            roster = roster.replace(line, f"{line}, from: 2020-01-01 00:00, to: 2020-01-02 00:00")
        async with stage.database.transaction() as session:
            await import_roster(session, read_roster(roster), by="test")
        call = await given_bridged_call(stage)
        refused = await stage.ask(call.call_id, kind="connect", unit_id="119")
        assert (refused.state, refused.reason) == ("refused", "closed")
        await city.command_centre.when_rung("answer")
        await connect(stage, call, "110")
        await accept(city.command_centre)
        await stage.until_at("room", "citizen", "operator", "emergency")
        assert city.police.times_rung == 0
        await everybody_leaves(stage, city.citizen, city.operator)


def seconds_of(prompt: str) -> float:
    return float(soundfile.info(Path(PROMPTS / f"{prompt}.wav")).duration)


async def everybody_hangs_up(*people: Person) -> None:
    for person in people:
        await person.hang_up()
    await asyncio.gather(*(person.until_hung_up() for person in people))
