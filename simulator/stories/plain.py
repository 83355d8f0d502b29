"""Room simulator: a citizen complains about noise at night; an operator registers it."""

from simulator.stories.told import Scene, Told, everybody_begins_silent


async def plain_call(scene: Scene) -> Told:
    city = scene.city
    await city.operator.when_rung("answer")

    await everybody_begins_silent(city)
    await city.citizen.dial()
    call_id = await scene.operator.live_call()
    await city.operator.say("operator_ask")
    await city.citizen.say("citizen_noise")
    await city.operator.say("operator_register")
    await city.citizen.say("citizen_thanks")
    await city.citizen.hang_up()
    await city.operator.until_hung_up()

    return Told(
        "一、市民来电,话务员登记 / a plain call", call_id, ("citizen", "operator"),
        {"citizen": ("工地", "施工", "噪音", "休息"), "operator": ("登记", "回复", "反映", "帮")},
    )  # fmt: skip
