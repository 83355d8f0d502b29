"""Nobody spoke with them: a row, one a number; rung back, both talk, recorded, closed."""

from tests.e2e.queueing.seen import ringbacks, until_ringbacks
from tests.e2e.scenes import everybody_leaves, hears, pass_of
from tests.e2e.stage import Stage, given_stage, no_secrets


async def given_abandoned(stage: Stage, number: int = 0) -> None:
    """The citizen waits, and gives up."""
    await stage.city.citizen.dial()
    await stage.until_call(lambda call: call.at("queue") == {"citizen"}, number=number)
    await stage.city.citizen.hang_up()
    await stage.until_call(lambda call: call.row.stage == "ended", number=number)


async def test_two_abandoned_calls_are_one_row_and_the_answered_ring_back_closes_it() -> None:
    """
    time | event                          | who
    0    | dials, waits, gives up, twice  | citizen     one row, two calls
    14   | ring back                      | operator    is rung first, hears what it is
    18   | is rung, answers               | citizen     both talk
    21   | hangs up                       | citizen     the row is closed
    """
    async with given_stage() as stage, stage.desk():
        city = stage.city
        await city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        await given_abandoned(stage, 0)
        [row] = await until_ringbacks(stage, 1)
        assert (row.state, row.number, row.reasons) == ("open", "13800000001", ["abandoned"])
        assert 29 * 60 < (row.due_at - row.opened_at).total_seconds() < 31 * 60
        await given_abandoned(stage, 1)
        first, second = await stage.calls()
        await stage.until_tickets(2)
        [row] = await ringbacks(stage)
        assert row.calls == [first.call_id, second.call_id]
        # Who called again within the hour goes first from now on.
        assert row.priority == 10

        await city.operator.when_rung("answer")
        await city.citizen.when_rung("answer")
        asked = await stage.ask(None, kind="ring_back", number=row.number, extension="1001")
        assert asked.state == "done", asked.reason
        call = await stage.until_call(
            lambda call: call.at("pair") == {"citizen", "operator"}, number=2, what="both talk"
        )
        assert call.row.direction == "out"
        span = await pass_of(1.5)
        await city.citizen.hang_up()
        await city.operator.until_hung_up()
        assert hears(city.operator, span) == {"citizen"}
        assert hears(city.citizen, span) == {"operator"}

        [row] = await until_ringbacks(stage, 1, "closed")
        assert (row.how, row.closed_by_call) == ("rung_back", call.call_id)
        tracks = await stage.tracks(2)
        assert set(tracks) == {"citizen", "operator"}
        tickets = await stage.until_tickets(3)
        assert tickets[2].call_id == call.call_id
        assert no_secrets(await stage.story())


async def test_an_unanswered_ring_back_is_counted_and_keeps_its_deadline() -> None:
    async with given_stage() as stage:
        await stage.city.citizen.dial()
        await stage.until_at("message", "citizen")
        await stage.city.citizen.hang_up()
        [row] = await until_ringbacks(stage, 1)
        assert row.reasons == ["message"]
        due = row.due_at
        assert 119 * 60 < (due - row.opened_at).total_seconds() < 121 * 60

        await stage.city.operator.when_rung("answer")
        await stage.city.citizen.when_rung("busy")
        asked = await stage.ask(None, kind="ring_back", number=row.number, extension="1001")
        assert asked.state == "done"
        await stage.city.operator.until_talking()
        await stage.city.operator.until_hung_up()  # having heard that nobody answered
        await stage.until_call(lambda call: call.row.stage == "ended", number=1)
        [row] = await ringbacks(stage)
        assert (row.state, row.tries, row.due_at) == ("open", 1, due)


async def test_who_gets_through_by_themselves_is_not_rung() -> None:
    async with given_stage() as stage:
        await stage.city.operator.when_rung("no_answer")
        await stage.sign_in("1001")
        await given_abandoned(stage)
        await until_ringbacks(stage, 1, "open")
        await stage.city.operator.when_rung("answer")
        await stage.city.citizen.dial()
        await stage.until_call(lambda c: c.at("pair") == {"citizen", "operator"}, number=1)
        # Meanwhile nobody may ring either of them.
        for extension, reason in (("1002", "citizen_on_line"),):
            asked = await stage.ask(
                None, kind="ring_back", number="13800000001", extension=extension
            )
            assert (asked.state, asked.reason) == ("refused", reason)
        asked = await stage.ask(None, kind="ring_back", number="13800000002", extension="1001")
        assert (asked.state, asked.reason) == ("refused", "operator_busy")
        asked = await stage.ask(None, kind="ring_back", number="0013105551234", extension="1002")
        assert (asked.state, asked.reason) == ("refused", "number_not_allowed")
        await stage.city.citizen.hang_up()
        [row] = await until_ringbacks(stage, 1, "closed")
        assert row.how == "called_again"


async def test_a_liaison_is_connected_into_a_ring_back_as_into_any_call() -> None:
    from tests.e2e.scenes import accept, connect

    async with given_stage() as stage:
        city = stage.city
        for person in (city.operator, city.citizen, city.liaison):
            await person.when_rung("answer")
        asked = await stage.ask(None, kind="ring_back", number="13800000001", extension="1001")
        assert asked.state == "done"
        call = await stage.until_at("pair", "citizen", "operator")
        await connect(stage, call, "market")
        await accept(city.liaison)
        await stage.until_at("room", "citizen", "operator", "liaison")
        span = await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        assert hears(city.citizen, span) == {"operator", "liaison"}


async def test_rows_of_calls_without_a_controller_appear_when_it_is_back() -> None:
    async with given_stage(controller="none") as stage:
        await stage.city.citizen.dial()
        await stage.city.citizen.until_talking()
        await stage.city.citizen.hang_up()
        await stage.city.citizen.until_hung_up()
        anonymous = stage.city.person("anonymous", "citizen")
        await anonymous.dial()
        await anonymous.until_talking()
        await anonymous.hang_up()
        await anonymous.until_hung_up()
        await stage.start_controller()
        rows = await until_ringbacks(stage, 2)
        told = {(row.number, row.state, row.why_not) for row in rows}
        assert told == {("13800000001", "open", None), (None, "impossible", "withheld")}
