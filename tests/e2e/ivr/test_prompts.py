"""A prompt gets another voice: spoken into a desk phone behind a code that works once."""

import asyncio

import pytest
import soundfile

from simulator.ears import amplitude
from simulator.person import Person
from telephony.ivr.spoken import NobodySpoke, offer_code, spoken_folder, until_spoken
from telephony.ivr.voice import put_voice, read_voice
from tests.e2e.scenes import pass_of
from tests.e2e.stage import Stage, given_stage, until


async def at(stage: Stage, what: str) -> None:
    """Until the phone's call is in this application of [record_prompt]."""

    async def there() -> bool:
        return f"!{what}!" in await stage.pbx.command("core show channels concise")

    await until(there, 25, f"{what} in [record_prompt]")


async def dial_in(stage: Stage, person: Person, code: str) -> None:
    await person.begins("silent")
    await person.dial("*16", via=f"phone-{person.number}")
    await person.until_talking()
    await at(stage, "Read")
    await person.press(code, then="silent")


async def test_a_prompt_is_spoken_heard_back_and_kept() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        operator, pbx = stage.city.operator, stage.pbx
        code = await offer_code(pbx, "goodbye", 60)
        waiting = asyncio.create_task(until_spoken(pbx, code, 60))
        await dial_in(stage, operator, code)
        await at(stage, "Record")
        await operator.speak_tone()
        await pass_of(1.0)
        await operator.press("#", then="silent")
        await at(stage, "Read")  # it was played back before this
        await operator.press("1", then="silent")
        spoken = await waiting
        assert spoken == spoken_folder(pbx) / f"{code}.wav"

        target = stage.installation.own_sounds / "zh" / "goodbye.wav"
        assert 1.0 < put_voice(read_voice(spoken), target) < 3.0
        samples, rate = soundfile.read(target, dtype="int16")
        assert rate == 8000
        middle = samples[len(samples) // 3 : len(samples) // 2]
        assert amplitude(middle, operator.tone, rate) > 5000

        # The code is worth nothing any more, and another phone's guess is told so.
        await operator.until_hung_up()
        second = stage.city.second_operator
        await dial_in(stage, second, code)
        for _ in range(2):
            await at(stage, "Playback")
            await at(stage, "Read")
            await second.press("111111", then="silent")
        await second.until_hung_up(within=20)
        assert list(spoken_folder(pbx).glob("111111*")) == []


async def test_a_code_nobody_used_is_worth_nothing_afterwards() -> None:
    async with given_stage(notice="whole", controller="none") as stage:
        code = await offer_code(stage.pbx, "goodbye", 60)
        with pytest.raises(NobodySpoke):
            await until_spoken(stage.pbx, code, 0.2)
        assert "not found" in await stage.pbx.command(f"database get record {code}")
