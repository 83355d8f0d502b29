"""`hotline call show`: the whole story of a real three-way call, numbers masked."""

from tests.e2e.scenes import everybody_leaves, given_three_way_call, pass_of
from tests.e2e.stage import given_stage, no_secrets
from tests.integration.operations.program import hotline


async def test_the_story_of_a_three_way_call() -> None:
    async with given_stage() as stage, stage.desk():
        city = stage.city
        call = await given_three_way_call(stage)
        live = await hotline(stage.settings, "call", "list", "--live")
        assert call.call_id in live.out
        await pass_of(1.0)
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        folder, manifest = await stage.sealed()
        [ticket] = await stage.until_tickets(1)

        told = await hotline(stage.settings, "call", "show", ticket.number)
        assert told.code == 0, told.error
        assert call.call_id in told.out and ticket.number in told.out
        for role in ("citizen", "operator", "liaison"):
            assert role in told.out
        assert "market-1" in told.out and "joined" in told.out
        for track in manifest.tracks:
            assert track.file in told.out
            assert f"+{track.offset_ms / 1000:.3f} s" in told.out
        assert manifest.sha256[:16] in told.out and folder.name in told.out
        assert "call_ended" in told.out and "ticket_opened" in told.out
        assert no_secrets(told.out) and "138****0001" in told.out
        assert await stage.facts("numbers_revealed") == []

        revealed = await hotline(stage.settings, "call", "show", call.call_id, "--reveal")
        assert "13800000001" in revealed.out
        [fact] = await stage.facts("numbers_revealed")
        assert fact.call_id == call.call_id and fact.data["by"].startswith("cli:")

        strange = await hotline(stage.settings, "call", "show", "PT20000101-000001")
        assert strange.code == 1 and "Traceback" not in strange.error

        channels = await hotline(stage.settings, "asterisk", "core show version")
        assert channels.out.startswith("Asterisk 2")
