"""Beginnings that several stories share, in words."""

import asyncio
import time

from simulator.ears import Sound, anybody_heard, heard_file, heard_on_end, who_is_heard
from simulator.person import Person
from tests.e2e.stage import SeenCall, Stage

# What a person hears settles this long after they were joined (jitter, first packets, and packets
# that a busy machine sends late, which lie later in an ear than they were spoken).
SETTLE = 0.5
LATE = 0.2


async def given_bridged_call(stage: Stage) -> SeenCall:
    """Citizen and operator 1001 talk."""
    await stage.city.operator.when_rung("answer")
    await stage.sign_in("1001")
    await stage.city.citizen.dial()
    return await stage.until_at("pair", "citizen", "operator")


async def given_second_bridged_call(stage: Stage) -> SeenCall:
    """Beside the first call, another citizen and operator 1002 talk."""
    await stage.city.second_operator.when_rung("answer")
    await stage.sign_in("1002")
    await stage.city.second_citizen.dial()
    return await stage.until_call(lambda seen: seen.at("pair") == {"citizen", "operator"}, number=1)


async def given_three_way_call(stage: Stage) -> SeenCall:
    """Citizen, operator and the market office's liaison talk in a room."""
    call = await given_bridged_call(stage)
    await stage.city.liaison.when_rung("answer")
    await connect(stage, call, "market")
    await accept(stage.city.liaison)
    return await stage.until_at("room", "citizen", "operator", "liaison")


async def connect(stage: Stage, call: SeenCall, unit: str) -> None:
    command = await stage.ask(call.call_id, kind="connect", unit_id=unit)
    assert command.state == "done", command.reason


async def hand_over(stage: Stage, call: SeenCall, unit: str) -> None:
    command = await stage.ask(call.call_id, kind="handover", unit_id=unit)
    assert command.state == "done", command.reason


async def accept(person: Person) -> None:
    """Answers, and presses 1 at once: keys interrupt what is being said."""
    await person.until_talking()
    await person.press("1")


async def pass_of(seconds: float) -> tuple[float, float]:
    """Let people talk; the epoch seconds between which they did."""
    start = time.time() + SETTLE
    # The passing of time itself is what is wanted.
    await asyncio.sleep(SETTLE + seconds + LATE)
    return start, start + seconds


async def everybody_leaves(stage: Stage, *people: Person) -> None:
    await asyncio.gather(*(person.hang_up() for person in people if person.is_talking))
    for person in people:
        await person.until_hung_up()
    await stage.until_call(lambda call: call.row.stage == "ended", what="the call's end")


def ear(person: Person) -> Sound:
    """What this person heard in their last conversation."""
    return heard_file(person.heard()[-1])


def hears(person: Person, span: tuple[float, float]) -> set[str]:
    """Roles heard all through a span, with no gap of more than 0.2 s."""
    return who_is_heard(_ear_of(person, span), *span)


def hears_at_all(person: Person, span: tuple[float, float]) -> set[str]:
    """Roles heard in any tenth of a second of a span."""
    return anybody_heard(_ear_of(person, span), *span)


def hears_on_end(person: Person, span: tuple[float, float]) -> set[str]:
    """Roles heard for half a second of a span, in which sentences are played as well."""
    return heard_on_end(_ear_of(person, span), *span)


def _ear_of(person: Person, span: tuple[float, float]) -> Sound:
    sound = ear(person)
    # The file is closed before a person is known to have hung up; until then it trails by 2 s.
    assert sound.ends_at >= span[1] or not person.is_talking, "read too early: see until_heard"
    return sound
