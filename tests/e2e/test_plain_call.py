"""One call, one operator: who hears whom, what is recorded, what becomes of it."""

from simulator.ears import anybody_heard, who_is_heard
from tests.e2e.scenes import hears
from tests.e2e.stage import given_stage, no_secrets


async def test_a_call_is_answered_joined_recorded_and_becomes_one_ticket() -> None:
    """
    time      | event             | leg
    0.0       | dials             | citizen
    0.02      | answered, notice  | citizen
    5.6       | queue → rings     | operator
    5.8       | answers           | operator   both hear each other from here
    +2        | hangs up          | citizen
    """
    async with given_stage(notice="whole") as stage, stage.desk():
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")

        await city.citizen.dial()
        call = await stage.until_at("pair", "citizen", "operator")
        joined = call.leg("operator").answered_at.timestamp()  # type: ignore[union-attr]
        await stage.until_heard(city.operator, joined + 2.0)
        await city.citizen.hang_up()
        await city.operator.until_hung_up()

        # Each second, both directions.
        assert len(city.citizen.heard()) == len(city.operator.heard()) == 1
        for second in (joined + 0.4, joined + 1.2):
            assert hears(city.citizen, (second, second + 0.6)) == {"operator"}
            assert hears(city.operator, (second, second + 0.6)) == {"citizen"}

        # One track a person, that person alone, from their first moment.
        tracks = await stage.tracks()
        assert set(tracks) == {"citizen", "operator"}
        answered = call.row.answered_at.timestamp()  # type: ignore[union-attr]
        assert tracks["citizen"].starts_at - answered < 0.2
        whole = (answered + 0.3, joined + 1.8)
        assert anybody_heard(tracks["citizen"], *whole) == {"citizen"}
        assert who_is_heard(tracks["citizen"], *whole) == {"citizen"}
        assert who_is_heard(tracks["operator"], joined + 0.4, joined + 1.8) == {"operator"}
        _, manifest = await stage.sealed()
        assert manifest.gaps == []

        [ticket] = await stage.until_tickets(1)
        assert ticket.call_id == call.call_id
        assert ticket.caller_number == "13800000001"
        assert ticket.who_spoke == ["citizen", "operator"]
        assert ticket.recording_sha256 == manifest.sha256
        assert no_secrets(await stage.story())


async def test_with_nobody_signed_in_the_words_of_a_message_are_kept() -> None:
    async with given_stage(notice="whole") as stage, stage.desk():
        await stage.city.citizen.dial()
        await stage.until_at("message", "citizen")
        await stage.city.citizen.say("citizen_message")
        await stage.city.citizen.hang_up()

        _, manifest = await stage.sealed()
        assert [track.role for track in manifest.tracks] == ["citizen"]
        [ticket] = await stage.until_tickets(1)
        assert ticket.kind == "message"


async def test_a_caller_who_gives_up_in_the_queue_has_a_ticket_too() -> None:
    async with given_stage(notice="whole") as stage, stage.desk():
        await stage.city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        await stage.city.citizen.dial()
        await stage.until_at("queue", "citizen")
        await stage.city.operator.until_rung()
        await stage.city.citizen.hang_up()
        [ticket] = await stage.until_tickets(1)
        assert ticket.kind == "abandoned"
