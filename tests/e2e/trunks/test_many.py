"""Trunks at work together: one flapping under ten calls, calls that cross, offers that collide."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.city import City
from simulator.person import Person
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.wire import rude_phone
from tests.e2e.scenes import hears, pass_of
from tests.e2e.stage import SeenCall, Stage, given_stage, until
from tests.e2e.trunks.flapping import given_flapping
from tests.e2e.trunks.scenes import SECOND_ADDRESS, given_carrier, two_trunks, until_state

CALLS = 10


# So many calls keep a processor busy: one of these stories at a time.
@pytest.mark.xdist_group("busy")
@pytest.mark.timeout(400)
async def test_ten_calls_while_the_first_trunk_comes_and_goes() -> None:
    """
    trunk     | is                                       | carries
    second    | dialled first; away every other 2 s,     | what it takes of the ladders
              | refuses or rings in turn when it is there|
    first     | well                                     | ten citizens, and the other rings
    """
    places = two_trunks()
    places["trunks"][0]["order"] = 0
    port = places["trunks"][0]["port"]
    async with (
        given_stage(max_calls=20, queue_seconds=600, **places) as stage,
        given_flapping(SECOND_ADDRESS, port, every=2.0) as flapping,
        asked_often(stage, "second"),
    ):
        city = stage.city
        await city.operator.when_rung("answer")
        await stage.sign_in("1001")
        await city.liaison.when_rung("answer")
        numbers = [f"138000001{n:02d}" for n in range(CALLS)]
        citizens = {number: city.person(number, "citizen") for number in numbers}
        for citizen in citizens.values():
            await citizen.dial()
        served: set[str] = set()
        while len(served) < CALLS:
            call = await next_pair(stage, served)
            served.add(call.call_id)
            command = await stage.ask(call.call_id, kind="connect", unit_id="market")
            assert command.state == "done", command.reason
            await ladder_over(stage, call.call_id)
            await leaves(stage, citizens[call.row.caller_number or ""], call.call_id)
        assert flapping.changes >= 5, "it has come and gone meanwhile"

        # Nobody was lost: each citizen had an operator, and hung up by our goodbye.
        calls = await stage.calls()
        assert len(calls) == CALLS
        assert all(call.row.talked_at is not None for call in calls)
        assert all(citizen.times_rung == 0 for citizen in citizens.values())
        await rings_are_single(stage)
        ladder = {"6101": city.liaison, "6102": city.deputy, "6103": city.duty_leader}
        for number, person in ladder.items():
            assert flapping.rung[number] + person.times_rung <= CALLS, number
        assert sum(flapping.rung.values()) > 0, "it did ring somebody"
        assert sum(flapping.refused.values()) > 0, "it did refuse somebody"
        await nothing_is_left(stage, within=40)


@asynccontextmanager
async def asked_often(stage: Stage, trunk: str) -> AsyncIterator[None]:
    """Asterisk asks each ten seconds; a trunk that flaps faster is to be seen flapping."""

    async def ask() -> None:
        while True:
            await stage.pbx.command(f"pjsip qualify {trunk}")
            await asyncio.sleep(1.5)

    asking = asyncio.create_task(ask(), name="qualify")
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def next_pair(stage: Stage, served: set[str]) -> SeenCall:
    async def found() -> SeenCall | None:
        talking = [c for c in await stage.calls() if c.at("pair") == {"citizen", "operator"}]
        return next((call for call in talking if call.call_id not in served), None)

    call = await until(found, 60, "the next citizen with the operator")
    assert isinstance(call, SeenCall)
    return call


async def ladder_over(stage: Stage, call_id: str) -> None:
    """Somebody presses 1, or the ladder is spent; the citizen talks on all the while."""
    pressed: list[bool] = []

    async def over() -> bool:
        if stage.city.liaison.is_talking and not pressed:
            pressed.append(True)
            await stage.city.liaison.press("1")
        [call] = [c for c in await stage.calls() if c.call_id == call_id]
        citizen = call.leg("citizen")
        assert citizen.ended_at is None, await stage.story()
        return bool(call.connects) and all(one.over_at is not None for one in call.connects)

    await until(over, 60, "the ladder's end")


async def leaves(stage: Stage, citizen: Person, call_id: str) -> None:
    """Everybody puts the receiver down, the citizen first."""
    await citizen.hang_up()
    for person in (stage.city.operator, stage.city.liaison):
        if person.is_talking:
            await person.hang_up()

    async def ended() -> bool:
        [call] = [c for c in await stage.calls() if c.call_id == call_id]
        return call.row.stage == "ended"

    await until(ended, 40, "the call's end")
    await stage.city.operator.until_hung_up(30)
    await stage.city.liaison.until_hung_up(30)


async def rings_are_single(stage: Stage) -> None:
    """A second INVITE for one rung only after it was told that the first cannot have rung."""
    told: dict[tuple[str, int], int] = {}
    for row in await stage.facts():
        if row.kind not in ("rung_rung", "rung_not_reached"):
            continue
        rung = (row.data["request_id"], row.data["rung"])
        told[rung] = told.get(rung, 0) + (1 if row.kind == "rung_rung" else -1)
        assert 0 <= told[rung] <= 1, (rung, await stage.story())


async def test_a_citizen_calls_while_we_ring_them_by_the_other_trunk() -> None:
    """Both INVITEs on the way at once: neither is lost, and the citizen is rung once."""
    async with given_stage(**two_trunks()) as stage, given_carrier(stage) as other:
        first, second = stage.city, City(other)
        await until_state(stage, first="up", second="up")
        await first.operator.when_rung("answer", after_seconds=0.5)
        await first.citizen.when_rung("answer", after_seconds=3)
        await stage.ask(None, kind="ring_back", number="13800000001", extension="1001")
        await first.citizen.until_rung()
        await second.citizen.dial()
        ringing_back = await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, 30
        )
        dialled_in = await stage.call(1)
        assert ringing_back.row.direction == "out"
        assert dialled_in.row.direction == "in"
        assert second.citizen.is_talking
        span = await pass_of(1.0)
        assert (first.citizen.times_rung, second.citizen.times_rung) == (1, 0)
        for city in (first, second):
            await city.citizen.hang_up()
        await first.citizen.until_hung_up()  # a file is whole when its call is over
        assert hears(first.citizen, span) == {"operator"}
        await stage.until_call(lambda call: call.row.stage == "ended", number=0)
        await stage.until_call(lambda call: call.row.stage == "ended", number=1)


async def test_offers_that_cross_end_no_call() -> None:
    """Two re-INVITEs before the first is acknowledged: the second is put off, the call goes on."""
    async with given_stage() as stage:
        async with rude_phone(stage) as phone:
            call = phone.call()
            call.send(call.invite())
            assert await call.answered() == 200
            call.ack()
            await stage.call()
            for number in (2, 3):
                call.send(call.invite(number=number, branch=call.new_branch()))
            await until(lambda: len(set(call.answers("INVITE")) - {100, 200}) >= 1, 10, "put off")
            assert set(call.answers("INVITE")) & {491, 500}
            call.ack(number=2)
            assert (await stage.call()).row.stage == "live"
            call.bye(number=4)
            assert await call.answered("BYE") == 200
        await nothing_is_left(stage)
        await the_next_call_goes_well(stage)
