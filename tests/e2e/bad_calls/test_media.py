"""Bad media: no sound at all, sound one way only, keys in every form and far too many."""

import asyncio
import time

from recording.manifest import Manifest
from simulator.ears import anybody_heard, heard_file, who_is_heard
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.sipp import foreign_phone
from tests.e2e.bad_calls.wire import RudeCall, RudePhone, rude_phone
from tests.e2e.scenes import pass_of
from tests.e2e.stage import SeenCall, given_stage, until


async def test_a_citizen_who_sends_no_sound_at_all_is_served_and_recorded_in_time() -> None:
    """
    leg      | sends             | hears     | track
    citizen  | not one packet    | (SIPp)    | silence as long as the call
    operator | 660 Hz            | silence   | the operator, where it was said
    """
    async with given_stage() as stage, stage.desk():
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        async with foreign_phone(stage, "no_sound") as phone:
            call = await stage.until_at("pair", "citizen", "operator", within=20)
            span = await pass_of(2.0)
            assert (await stage.call()).at("pair") == {"citizen", "operator"}
            await city.operator.hang_up()
            told = await phone
        assert told.as_told, told
        await stage.until_call(lambda seen: seen.row.stage == "ended")
        assert anybody_heard(heard_file(city.operator.heard()[-1]), *span) == set()
        tracks = await stage.tracks()
        # A track trails by what was not yet sent when it began.
        assert who_is_heard(tracks["operator"], span[0], span[1] - 0.8) == {"operator"}
        assert anybody_heard(tracks["citizen"], *span) == set()
        _, manifest = await stage.sealed()
        times_hold(manifest, call)
        [ticket] = await stage.until_tickets(1)
        assert ticket.kind == "call"
        await the_next_call_goes_well(stage)


def times_hold(manifest: Manifest, call: SeenCall) -> None:
    """The silent track is as long as the person was there, or its lack is told as a gap."""
    [citizen] = [track for track in manifest.tracks if track.role == "citizen"]
    expected = citizen.expected_seconds or 0.0
    told = any(gap.role == "citizen" for gap in manifest.gaps)
    assert abs(citizen.seconds - expected) <= 1.0 or told, (citizen.seconds, expected)


JUNK = (
    ("dtmf-relay", "Signal=Z\r\nDuration=160"), ("dtmf-relay", "Signal=\r\nDuration=-1"),
    ("dtmf-relay", "Duration=99999999999999999999"), ("dtmf-relay", "Signal=${SHELL(x)}"),
    ("dtmf-relay", "Signal=" + "1" * 5000), ("dtmf-relay", "=\r\n=\r\n" + "Signal=5\r\n" * 500),
    ("dtmf", "x"), ("dtmf", "99"), ("dtmf", "\0"), ("x-nonsense", "\1"), ("sdp", "v=9"),
)  # fmt: skip


async def test_junk_instead_of_keys_changes_nothing() -> None:
    """SIP INFO with keys that are none, negative lengths, other types."""
    async with given_stage() as stage, stage.desk():
        async with rude_phone(stage) as phone:
            call = await talking(phone)
            for number, (kind, body) in enumerate(JUNK, 2):
                call.send(info(call, number, kind, body))
            # Some are dropped unread; whoever can be answered is.
            await until(lambda: len(call.answers("INFO")) >= len(JUNK) // 2, 10, "answers to INFO")
            assert (await stage.call()).row.stage == "live"
            call.bye(number=len(JUNK) + 2)
            assert await call.answered("BYE") == 200
        await nothing_is_left(stage)
        assert len(await stage.until_tickets(1)) == 1
        await the_next_call_goes_well(stage)


async def test_a_flood_of_keys_in_greeting_and_queue_keeps_the_caller() -> None:
    """Fifty keys a second, none of them a shortcut, from the answer until an operator is rung."""
    async with given_stage() as stage, stage.desk():
        city = stage.city
        await city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        async with rude_phone(stage) as phone:
            call = await talking(phone)
            pressed = 2
            end = time.time() + 25
            while not city.operator.times_rung:
                assert time.time() < end, await stage.story()
                call.send(info(call, pressed, "dtmf-relay", "Signal=4\r\nDuration=60"))
                pressed += 1
                await asyncio.sleep(0.02)
            assert pressed > 50
            seen = await stage.until_call(lambda seen: seen.at("queue") == {"citizen"})
            assert seen.row.stage == "live"
            assert set(call.answers("INFO")) == {200}
            call.bye(number=pressed)
            assert await call.answered("BYE") == 200
        await nothing_is_left(stage)
        assert len(await stage.until_tickets(1)) == 1
        await the_next_call_goes_well(stage)


async def talking(phone: RudePhone) -> RudeCall:
    """A call that was answered."""
    call = phone.call()
    call.send(call.invite())
    assert await call.answered() == 200
    call.ack()
    return call


def info(call: RudeCall, number: int, kind: str, body: str) -> bytes:
    branch = call.new_branch()
    return call.request("INFO", number=number, body=body, branch=branch, kind=f"application/{kind}")
