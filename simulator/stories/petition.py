"""Room simulator: a petition. The liaison of a unit and a petition officer: four in one call."""

from simulator.stories.told import Scene, Told, everybody_begins_silent


async def petition(scene: Scene) -> Told:
    city = scene.city
    await city.operator.when_rung("answer")
    await city.builder.when_rung("answer")
    await city.petition_officer.when_rung("answer")

    await everybody_begins_silent(city)
    await city.citizen.dial()
    call_id = await scene.operator.live_call()
    await city.citizen.say("citizen_petition")
    await city.operator.say("operator_petition")
    await scene.operator.do(f"/calls/{call_id}/connect", unit_id="petition", topic="petition")
    await scene.operator.do(
        f"/calls/{call_id}/connect", unit_id="construction", topic="construction"
    )
    for helper in (city.petition_officer, city.builder):
        await helper.until_talking()
        await helper.press("1", then="silent")
    await scene.operator.until_in_room(call_id, "citizen", "operator", "liaison", "petition")
    await city.petition_officer.say("petition_answer")
    await city.operator.hang_up()  # the others talk on
    await scene.operator.until_in_room(call_id, "citizen", "liaison", "petition")
    await city.citizen.say("citizen_thanks")
    await city.citizen.hang_up()
    await city.builder.hang_up()
    await city.petition_officer.until_hung_up()

    return Told(
        "三、信访专员作为第四方 / a petition officer as fourth party", call_id,
        ("citizen", "operator", "petition", "liaison"),
        {"citizen": ("信访", "反映", "补偿"), "petition": ("信访", "受理", "专员")},
    )  # fmt: skip
