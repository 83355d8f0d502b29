"""Key 8: from there on in English, wherever there is an English sound; 8 again: in Chinese."""

import asyncio

from simulator.ears import HEARD
from simulator.person import Person
from tests.e2e.ivr.scenes import dial_and_press, given_ticket, in_flow, likeness, typed
from tests.e2e.scenes import given_bridged_call
from tests.e2e.stage import Stage, given_stage, until

# What is pressed after 8 → what is said then.
SAYS = {
    "": "notice", "1": "emergency_first", "2": "petition_noted", "3": "case_number",
    "4": "leader_noted", "9": "key_list",
}  # fmt: skip
# An announcement takes its time, and what is heard is written in blocks of two seconds.
WITHIN = 30


async def heard_in(person: Person, prompt: str, language: str) -> None:
    """Looked for whenever there is more of what they heard: that takes work."""
    seen, best = 0, 0.0

    async def heard() -> bool:
        nonlocal seen, best
        files = person.heard()
        size = files[-1].stat().st_size if files else 0
        if size != seen:
            seen, best = size, await asyncio.to_thread(likeness, person, prompt, language)
        return best > HEARD

    try:
        await until(heard, WITHIN, f"{person.number} hears {language}: {prompt}")
    except AssertionError as error:
        raise AssertionError(f"{error}; most alike: {best:.2f}") from None


async def test_each_key_is_answered_in_english() -> None:
    async with given_stage(notice="whole") as stage:
        people = {key: stage.city.person(f"138020{n:05d}", "citizen") for n, key in enumerate(SAYS)}

        async def story(person: Person, key: str) -> None:
            await dial_and_press(person, "8", *key)
            await heard_in(person, SAYS[key], "en")

        await asyncio.gather(*(story(person, key) for key, person in people.items()))
        for key, person in people.items():
            assert likeness(person, SAYS[key], "zh") < 0.7, SAYS[key]


async def test_the_way_to_a_message_is_english_and_so_is_a_case() -> None:
    """Nobody is signed in: the overflow's message, too, is in the caller's language."""
    async with given_stage(notice="whole") as stage:
        city = stage.city
        number = await given_ticket(stage, "resolved")
        await dial_and_press(city.citizen, "8", "3", typed(number))
        await heard_in(city.citizen, "case_done", "en")
        await heard_in(city.citizen, "message", "en")
        assert likeness(city.citizen, "message", "zh") < 0.7


async def test_eight_again_is_chinese() -> None:
    async with given_stage(notice="whole") as stage:
        await dial_and_press(stage.city.citizen, "8", "8", "1")
        await heard_in(stage.city.citizen, "emergency_first", "zh")
        assert likeness(stage.city.citizen, "emergency_first", "en") < 0.7


async def test_rating_and_goodbye_are_english() -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "8")
        await until_talking(stage)
        await city.operator.hang_up()
        await in_flow(stage, "flow_node_entered", node="rating")
        await asyncio.sleep(4.5)  # the question takes 4 s, and 4 s more are waited for a key
        await city.citizen.press("5", then="silent")
        await in_flow(stage, "call_rated", rating=5)
        await city.citizen.until_hung_up(within=30)
        await heard_in(city.citizen, "rate_ask", "en")
        await heard_in(city.citizen, "rate_thanks", "en")
        await heard_in(city.citizen, "goodbye", "en")


async def test_in_the_queue_key_1_is_answered_in_english_and_no_other_key_does_anything() -> None:
    async with given_stage(notice="whole") as stage:
        city = stage.city
        await city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        await dial_and_press(city.citizen, "8")
        await stage.until_call(lambda call: call.at("queue") == {"citizen"}, within=25)
        for key in "2480":
            await city.citizen.press(key, then="silent")
            await city.citizen.until_pressed()
        assert (await stage.call()).at("queue") == {"citizen"}
        await city.citizen.press("1", then="silent")
        await in_application(stage, "Read")
        await heard_in(city.citizen, "call_back_confirm", "en")
        assert likeness(city.citizen, "call_back_confirm", "zh") < 0.6


async def test_the_place_in_the_queue_is_told_in_english() -> None:
    """
    1st citizen  | talks with the only operator
    2nd citizen  | waits, in Chinese
    third        | waits behind, in English | "You are number" "2" "in line."
    """
    async with given_stage(announce_seconds=5) as stage:
        city = stage.city
        await given_bridged_call(stage)
        await city.second_citizen.dial()
        await stage.until_call(lambda call: call.at("queue") == {"citizen"}, 25, number=1)
        third = city.person("13800000003", "citizen")
        await dial_and_press(third, "8", after=0.3)
        await heard_in(third, "queue_place", "en")
        await heard_in(third, "digit_2", "en")
        await heard_in(third, "queue_place_end", "en")
        assert likeness(third, "queue_place", "zh") < 0.7


async def in_application(stage: Stage, what: str) -> None:
    async def there() -> bool:
        shown = await stage.pbx.command("core show channels concise")
        return "!call_back!1!" in shown and f"!{what}!" in shown

    await until(there, 10, f"{what} in [call_back]")


async def until_talking(stage: Stage) -> None:
    await stage.until_at("pair", "citizen", "operator", within=25)


async def test_a_chinese_call_is_chinese() -> None:
    """The counter-proof: what is looked for is not found in everybody's ear."""
    async with given_stage(notice="whole") as stage:
        await given_bridged_call(stage)
        await heard_in(stage.city.citizen, "notice", "zh")
        assert likeness(stage.city.citizen, "notice", "en") < 0.7
