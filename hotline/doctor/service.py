"""Room hotline/doctor: our own parts: database, workers, interface, recordings, speech, roster."""

import httpx
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from casework.duty.tables import Shift
from hotline.doctor.findings import Finding, Patient, warning, well, wrong
from hotline.doctor.machine import newest_file
from hotline.doctor.pbx import START
from hotline.health.heartbeat import parts_health
from hotline.work.stages import model_settings
from recording.manifest import file_sha256, read_manifest
from store import journal
from store.database import DatabaseAway
from telephony.tables import PhoneCall
from transcription.models import find_model

LOGS = ("查看 var/data/log/ 中该部件的日志", "look into that part's log in var/data/log/")


async def database(patient: Patient) -> list[Finding]:
    try:
        async with patient.reading() as session:
            number = await journal.newest(session)
    except DatabaseAway as away:
        return [
            wrong("数据库无法连接", f"the database is away: {away}",
                  "启动数据库;核对 HOTLINE_DATABASE", "start it; check HOTLINE_DATABASE")
        ]  # fmt: skip
    except SQLAlchemyError as error:
        return [wrong("数据库尚未建表", f"no tables yet ({type(error).__name__})", *START)]
    return [well(f"可用,第 {number} 条事实", f"answers, fact {number}")]


async def parts(patient: Patient) -> list[Finding]:
    """The heartbeats of controller, desk and transcriber, and what they say."""
    try:
        async with patient.installation.opened_database() as opened:
            health = await parts_health(opened)
    except (DatabaseAway, SQLAlchemyError):
        return [wrong("无法查询(数据库)", "cannot be asked: the database", *START)]
    ill = [
        wrong(f"部件 {part.name}:{part.detail or '异常'}",
              f"{part.name}: {part.detail or 'not well'}",
              *(START if part.detail == "never seen" else LOGS))
        for part in health if not part.well
    ]  # fmt: skip
    return ill or [well(f"{len(health)} 项正常", f"{len(health)} well")]


async def interface(patient: Patient) -> list[Finding]:
    settings = patient.installation.settings
    url = f"http://{settings.api_host}:{settings.api_port}/healthz"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=8) as client:
            answer = await client.get(url)
    except httpx.HTTPError:
        return [wrong(f"接口无应答:{url}", f"no answer at {url}", *START)]
    if answer.headers.get("content-type", "").partition(";")[0] not in (
        "application/json", "application/problem+json",
    ):  # fmt: skip
        port = settings.api_port
        return [
            wrong(f"端口 {port} 上是其他程序", f"another program answers at {url}",
                  f"停止它(ss -ltnp | grep {port})或改 api_port",
                  f"stop it (ss -ltnp | grep {port}) or change api_port")
        ]  # fmt: skip
    return [well(f"应答 {answer.status_code}", f"answers {answer.status_code}")]


async def recording(patient: Patient) -> list[Finding]:
    """The last sealed recording is what its manifest says."""
    archive = patient.installation.settings.archive
    newest = newest_file(archive, "*/*/*/*/manifest.json")
    if newest is None:
        return await _nothing_sealed(patient)
    folder = newest.parent
    try:
        manifest = read_manifest(folder)
        broken = [t.file for t in manifest.tracks if file_sha256(folder / t.file) != t.sha256]
    except (OSError, ValueError) as error:
        return [
            wrong(f"最近的录音 {folder.name} 无法读取", f"newest recording {folder}: {error}",
                  "从备份恢复", "restore it from the backup")
        ]  # fmt: skip
    if broken:
        names = ", ".join(broken)
        return [
            wrong(f"录音 {folder.name} 已被改动:{names}", f"{folder.name} was changed: {names}",
                  "从备份恢复并查明原因", "restore it from the backup and find out why")
        ]  # fmt: skip
    return [well(f"{folder.name} 完好", f"{folder.name} is intact")]


async def _nothing_sealed(patient: Patient) -> list[Finding]:
    try:
        async with patient.reading() as session:
            calls = await session.scalar(
                select(func.count()).select_from(PhoneCall).where(PhoneCall.stage == "ended")
            )
    except (DatabaseAway, SQLAlchemyError):
        calls = 0
    if calls:
        return [wrong(f"{calls} 次通话后没有录音", f"{calls} calls, and no recording", *LOGS)]
    return [well("尚无录音", "no recording yet")]


async def speech(patient: Patient) -> list[Finding]:
    found = find_model(model_settings(patient.installation.settings))
    if found.folder is None:
        return [
            warning(f"无中文 Vosk 模型:{found.reason.zh}",
                    f"no Chinese Vosk model: {found.reason.en}",
                    "bin/hotline model add FILE.zip", "bin/hotline model add FILE.zip")
        ]  # fmt: skip
    return [well(found.folder.name, found.folder.name)]


async def roster(patient: Patient) -> list[Finding]:
    """Without a roster nobody can be connected."""
    try:
        async with patient.reading() as session:
            shifts = await _count_shifts(session)
    except (DatabaseAway, SQLAlchemyError):
        return [well("无法查询(数据库)", "cannot be asked: the database")]
    if not shifts:
        return [
            warning("值班表为空:无法连线任何单位", "the roster is empty: no unit can be connected",
                    "bin/hotline roster import FILE", "bin/hotline roster import FILE")
        ]  # fmt: skip
    return [well(f"{shifts} 个班次", f"{shifts} shifts")]


async def _count_shifts(session: AsyncSession) -> int:
    return int(await session.scalar(select(func.count()).select_from(Shift)) or 0)
