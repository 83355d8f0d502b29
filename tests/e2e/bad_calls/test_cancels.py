"""A citizen who changes their mind: the call is taken back at every stage."""

import asyncio

from simulator.person import Person
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.wire import rude_phone
from tests.e2e.scenes import connect, given_bridged_call
from tests.e2e.stage import Stage, given_stage, until


async def test_cancel_in_the_same_breath_as_the_invite() -> None:
    """The answer and the CANCEL meet on the way: either may win, neither may leave anything."""
    async with given_stage() as stage:
        async with rude_phone(stage) as phone:
            calls = [phone.call() for _ in range(8)]
            for number, call in enumerate(calls):
                call.send(call.invite())
                if number % 2:
                    await until(lambda call=call: call.answers("INVITE"), 15, "100")
                call.send(call.request("CANCEL"))
            for call in calls:
                if await call.answered() == 200:
                    call.ack()
                    call.bye()
                    assert await call.answered("BYE") == 200
                else:
                    assert call.answers("INVITE")[-1] == 487
                    call.send(call.request("ACK"))
            await nothing_is_left(stage)
        await the_next_call_goes_well(stage)


async def test_hanging_up_while_the_operator_is_rung_stops_the_ringing() -> None:
    async with given_stage() as stage, stage.desk():
        city = stage.city
        await city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        await city.citizen.dial()
        await city.operator.until_rung()
        await city.citizen.hang_up()
        ended = await stage.until_call(lambda seen: seen.row.stage == "ended", what="the end")
        assert not any(leg.answered_at for leg in ended.legs if leg.role == "operator")
        await nothing_is_left(stage)
        [ticket] = await stage.until_tickets(1)
        assert ticket.kind == "abandoned"
        assert city.operator.times_rung == 1
        await the_next_call_goes_well(stage)


async def test_hanging_up_while_a_liaison_is_rung_stops_the_ringing_and_the_ladder() -> None:
    async with given_stage() as stage, stage.desk():
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("no_answer")
        await connect(stage, call, "market")
        await city.liaison.until_rung()
        await city.citizen.hang_up()
        await city.operator.until_hung_up()
        ended = await stage.until_call(lambda seen: seen.row.stage == "ended", what="the end")
        assert [c.how for c in ended.connects] == ["call_over"]
        await nothing_is_left(stage)
        assert (city.liaison.times_rung, city.deputy.times_rung) == (1, 0)
        [ticket] = await stage.until_tickets(1)
        assert (ticket.kind, ticket.units) == ("call", [])
        await the_next_call_goes_well(stage)


async def test_hanging_up_in_the_moment_of_the_answer() -> None:
    """Three citizens leave 40 ms before, in, and 40 ms after their operator's answer."""
    async with given_stage(phones=["1001", "1002", "1003", "1901"]) as stage, stage.desk():
        city = stage.city
        operators = [city.operator, city.second_operator, city.person("1003", "operator")]
        citizens = [city.person(f"1380000005{n}", "citizen") for n in range(3)]
        for operator in operators:
            await operator.when_rung("answer", after_seconds=0.3)
        await stage.sign_in("1001", "1003")
        async with asyncio.TaskGroup() as tasks:
            for operator, moment in ((operators[0], 0.26), (operators[2], 0.34)):
                tasks.create_task(leave_after_ring(stage, operator, citizens.pop(), moment))
        await stage.sign_in("1002")
        for number in ("1001", "1003"):
            out = await stage.ask(
                None, kind="sign_out", operator_id=f"op-{number}", extension=number
            )
            assert out.state == "done"
        await leave_after_ring(stage, operators[1], citizens.pop(), 0.30)
        await nothing_is_left(stage)
        await stage.until_tickets(3)
        await the_next_call_goes_well(stage)


async def leave_after_ring(
    stage: Stage, operator: Person, citizen: Person, after_seconds: float
) -> None:
    await citizen.dial()
    await citizen.until_talking()
    await operator.until_rung()
    await asyncio.sleep(after_seconds)  # the moment itself is what is tried
    await citizen.hang_up()
    await citizen.until_hung_up()
    await operator.until_hung_up()
