"""A citizen puts us on hold (a re-INVITE) and comes back: nobody is dropped, the clock goes on."""

import pytest

from recording.seal import ALARM_SECONDS
from simulator.ears import anybody_heard, who_is_heard, windows
from tests.e2e.bridging.phone import hold_phone
from tests.e2e.scenes import LATE, accept, connect, hears, pass_of
from tests.e2e.stage import SeenCall, given_stage


def talked(call: SeenCall) -> float:
    """Seconds the citizen was on the line."""
    leg = call.leg("citizen")
    assert leg.answered_at is not None and leg.ended_at is not None
    return (leg.ended_at - leg.answered_at).total_seconds()


@pytest.mark.parametrize("direction", ["inactive", "sendonly"])
@pytest.mark.parametrize("third", [False, True], ids=["pair", "three"])
async def test_on_hold_and_back(direction: str, third: bool) -> None:
    """
    span     | operator hears | citizen hears    | operator's track | citizen's track
    before   | citizen        | operator (…)     | operator         | citizen
    on hold  | (as it is)     | (as it is)       | operator         | on the clock
    back     | citizen        | operator (…)     | operator         | citizen

    On a busy machine Asterisk may leave the pause itself out of the track of who sends nothing:
    then not a word is lost, and the fact `recording_gap` says so of more than a second.
    """
    async with given_stage() as stage, hold_phone(stage) as phone:
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await phone.dial()
        place, everybody = "pair", {"citizen", "operator"}
        call = await stage.until_at(place, *everybody)
        if third:
            place, everybody = "room", everybody | {"liaison"}
            await city.liaison.when_rung("answer")
            await connect(stage, call, "market")
            await accept(city.liaison)
            await stage.until_at(place, *everybody)
        before = await pass_of(1.5)
        await phone.hold(direction)
        on_hold = await pass_of(4.0)
        assert (await stage.call()).at(place) == everybody
        await phone.hold("sendrecv")
        back = await pass_of(1.5)
        assert (await stage.call()).at(place) == everybody
        phone.hang_up()
        await stage.until_call(lambda seen: seen.leg("citizen").ended_at)
        for person in (city.operator, city.liaison):
            if person.is_talking:
                await person.hang_up()
        await stage.until_call(lambda seen: seen.row.stage == "ended")

        for span in (before, back):
            assert "citizen" in hears(city.operator, span)
            assert phone.heard(span) == everybody - {"citizen"}
        tracks = await stage.tracks()
        for span in (before, on_hold, back):
            assert who_is_heard(tracks["operator"], *span) == {"operator"}, span
        track = tracks["citizen"]
        assert who_is_heard(track, *before) == {"citizen"}
        told = [row.data for row in await stage.facts("recording_gap")]
        left_out = talked(await stage.call()) - (track.ends_at - track.starts_at)
        if direction == "inactive" and left_out > LATE:
            assert left_out < on_hold[1] - on_hold[0] + 1.5
            assert len(told) == (left_out > ALARM_SECONDS)
            spoken = sum(w == {"citizen"} for w in windows(track, track.starts_at, track.ends_at))
            assert spoken / 10 > (before[1] - track.starts_at) + (back[1] - back[0])
            return
        assert told == []
        assert who_is_heard(track, *back) == {"citizen"}
        if direction == "inactive":
            assert anybody_heard(track, *(on_hold[0] + 0.5, on_hold[1] - 0.5)) == set()
