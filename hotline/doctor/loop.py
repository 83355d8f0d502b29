"""Room hotline/doctor: a call of Asterisk with itself: a prompt is said, and recorded."""

import asyncio
from pathlib import Path
from uuid import uuid4

import numpy as np
import soundfile

from hotline.doctor.findings import NOT_ASKED, Finding, Patient, well, wrong
from hotline.doctor.pbx import RESTART
from telephony import dialplan
from telephony.ami.actions import Originate
from telephony.ami.link import AmiLink
from telephony.ami.messages import Accepted

SECONDS = 20.0
# Speech is ten times louder; what a silent line records is zero.
LEAST_LEVEL = 0.005


async def test_call(patient: Patient) -> list[Finding]:
    """No citizen's call and no operator: no ticket comes of it, nobody's telephone rings."""
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    name = uuid4().hex[:12]
    file = patient.installation.folder.spool / "doctor" / f"{name}.wav"
    try:
        if not await _placed(patient, name):
            return [wrong("试呼未接通", "the test call was not put through", *RESTART)]
        level = await _level(file)
    finally:
        file.unlink(missing_ok=True)
    if level < LEAST_LEVEL:
        return [
            wrong("试呼的录音没有声音", "the test call's recording is silent or missing",
                  "核对提示音与磁盘;重启热线", "check prompts and disk, restart the hotline")
        ]  # fmt: skip
    return [well("接通、播放、录音正常", "put through, heard, recorded")]


async def _placed(patient: Patient, name: str) -> bool:
    up = asyncio.Event()
    link = AmiLink(patient.installation.ami, lambda _: None, up.set, lambda: None)
    task = asyncio.create_task(link.run(), name="doctor ami")
    try:
        async with asyncio.timeout(5):
            await up.wait()
        outcome = await link.send(
            Originate(
                channel=f"Local/speaks@{dialplan.DOCTOR}", channel_id=f"doctor-{name}",
                context=dialplan.DOCTOR, exten="hears", variables={"DOCTOR_FILE": name},
            )
        )  # fmt: skip
        return isinstance(outcome, Accepted)
    except TimeoutError:
        return False
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _level(file: Path) -> float:
    """Root mean square of the finished recording, 0 where none came."""
    try:
        async with asyncio.timeout(SECONDS):
            while not (level := _read(file)):
                await asyncio.sleep(0.2)
    except TimeoutError:
        return 0.0
    return level


def _read(file: Path) -> float:
    # Asterisk writes the length into the head when it closes the file.
    try:
        samples, _ = soundfile.read(file)
    except (OSError, soundfile.LibsndfileError):
        return 0.0
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
