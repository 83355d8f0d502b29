"""A call that Asterisk refuses before it knows it as one, and who hears of it."""

from store.journal import JournalRow
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.sipp import STRANGER, call_as
from tests.e2e.bad_calls.wire import rude_phone
from tests.e2e.stage import given_stage, until


async def test_a_call_without_a_common_codec_is_told_with_its_trunk_and_codecs() -> None:
    """
    who       | offers       | answered | told
    trunk     | G.729, iLBC  | 488      | log, fact: trunk, both codecs; no channel, no row
    stranger  | A-law        | 401      | nothing of this (the security log has it)
    trunk     | A-law, 404   | 404      | nothing of this
    """
    async with given_stage() as stage:
        told = await call_as(stage, "no_common_codec", calls=3)
        assert told.as_told, told

        async def there() -> list[JournalRow] | None:
            rows = await stage.facts("call_not_taken")
            return rows if len(rows) >= 3 else None

        rows = await until(there, 15, "three facts")
        for row in rows:
            assert row.data["trunk"] == "trunk"
            assert row.data["offered"] == ["G729", "iLBC"]
            assert "31" not in str(row.data), "nobody's number"

        async with rude_phone(stage, STRANGER) as phone:
            call = phone.call()
            call.send(call.invite())
            assert await call.answered() in (401, 403)
        async with rude_phone(stage) as phone:
            phone.number = "99999"
            call = phone.call()
            call.send(call.invite())
            assert await call.answered() == 404
        await the_next_call_goes_well(stage)
        assert len(await stage.facts("call_not_taken")) == 3
        assert len(await stage.calls()) == 1
        await nothing_is_left(stage)
