"""Room simulator: one key pulls the market office in: the primary is silent, the deputy joins."""

import asyncio
import time

from simulator.ears import heard_file, who_is_heard
from simulator.stories.told import Scene, Told, everybody_begins_silent


async def three_way(scene: Scene) -> Told:
    city = scene.city
    await city.operator.when_rung("answer")
    await city.liaison.when_rung("no_answer")
    await city.deputy.when_rung("answer")
    primary_rung_before, deputy_rung_before = city.liaison.times_rung, city.deputy.times_rung

    await everybody_begins_silent(city)
    await city.citizen.dial()
    call_id = await scene.operator.live_call()
    await city.operator.say("operator_ask")
    await city.citizen.say("citizen_mask")
    await scene.operator.do(f"/calls/{call_id}/connect", unit_id="market", topic="market")
    await city.operator.say("operator_connect")
    await city.liaison.until_rung(primary_rung_before + 1)
    await city.deputy.until_rung(deputy_rung_before + 1, within=30)  # the primary's time is up
    await city.deputy.until_talking()
    await city.deputy.press("1", then="silent")
    await scene.operator.until_in_room(call_id, "citizen", "operator", "liaison")
    await city.deputy.say("liaison_answer")
    await city.citizen.say("citizen_thanks")
    checks = await _everybody_hears_everybody(scene)
    await city.deputy.hang_up()
    await city.citizen.hang_up()
    await city.operator.until_hung_up()

    return Told(
        "二、一键连线:主班未接,副班加入 / the deputy joins", call_id,
        ("citizen", "operator", "liaison"),
        {"citizen": ("口罩", "投诉", "商家"), "liaison": ("联络", "检查", "现场")},
        checks,
    )  # fmt: skip


async def _everybody_hears_everybody(scene: Scene) -> list[str]:
    """All three speak their tones for two seconds; each ear must hold the other two."""
    city = scene.city
    people = {"citizen": city.citizen, "operator": city.operator, "liaison": city.deputy}
    for person in people.values():
        await person.speak_tone()
    since = time.time() + 0.5
    await asyncio.sleep(4.5)  # Asterisk writes what it hears in blocks of two seconds
    found = []
    for role, person in people.items():
        ear = heard_file(person.heard()[-1])
        others = set(people) - {role}
        if who_is_heard(ear, since, since + 1.0) != others:
            raise AssertionError(f"{role} does not hear {' and '.join(sorted(others))}")
        found.append(f"{role} hears {' + '.join(sorted(others))}")
    for person in people.values():
        await person.be_silent()
    return found
