"""Room hotline: the demo. A service of its own, a simulated city, three calls, and the proof."""

import asyncio
import secrets
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from api.accounts import add_user
from casework.duty.roster import import_roster, read_roster
from hotline.installation import Installation
from hotline.logs import set_up_logs
from hotline.run import make_supervisor
from hotline.set_up import prepare
from hotline.settings import ROOT, Settings
from recording.manifest import file_sha256, read_manifest
from simulator.carrier import CARRIER_ADDRESS, Carrier, HotlineAddress
from simulator.city import City
from simulator.desk import Desk, DeskError
from simulator.person import PersonError
from simulator.stories import STORIES
from simulator.stories.told import Scene, Told
from telephony.asterisk.ports import free_port, free_range

console = Console(highlight=False, width=110)
# username → role, desk phone
ACCOUNTS = {
    "operator": ("operator", "1001"), "supervisor": ("supervisor", "1901"),
    "auditor": ("auditor", None), "admin": ("admin", None),
}  # fmt: skip
ROLE_NAMES = {
    "citizen": "来电人", "operator": "话务员", "liaison": "联络员", "petition": "信访专员",
    "emergency": "应急接警员",
}  # fmt: skip


class NotShown(AssertionError):
    """Something the demo promises could not be seen."""


async def run_demo(settings: Settings, *, stay: bool) -> int:
    """0 when everything that is shown was checked and right, else 1."""
    set_up_logs("demo", level=50)
    started = time.monotonic()
    base = ROOT / "var" / "demo"
    shutil.rmtree(base, ignore_errors=True)
    installation = Installation(_own_settings(settings, base))
    passwords = await _prepared(installation)
    try:
        async with _running(installation) as city:
            console.print(f"[bold]热线与模拟城市已启动[/] ({time.monotonic() - started:.1f} s)")
            await _tell(installation, city, passwords)
            console.print(f"\n[bold green]演示完成 / all shown and checked[/] "
                          f"({time.monotonic() - started:.0f} s)")  # fmt: skip
            if stay:
                _say_where(installation, passwords)
                await _until_interrupted()
    except (NotShown, PersonError, DeskError, AssertionError, TimeoutError) as error:
        console.print(f"[bold red]演示失败 / failed:[/] {error}")
        console.print(f"日志 / logs: {installation.settings.data_dir / 'log'}")
        return 1
    return 0


def _own_settings(settings: Settings, base: Path) -> Settings:
    first, last = free_range("127.0.0.1")
    return settings.model_copy(
        update={
            "data_dir": base, "sip_port": free_port("127.0.0.1"),
            "rtp_first": first, "rtp_last": last,
            "ami_port": free_port("127.0.0.1", socket.SOCK_STREAM),
            "api_port": free_port("127.0.0.1", socket.SOCK_STREAM),
            "trunk_host": CARRIER_ADDRESS, "trunk_port": free_port(CARRIER_ADDRESS),
            "database": "",
        }
    )  # fmt: skip


async def _prepared(installation: Installation) -> dict[str, str]:
    """Tables, accounts with fresh passwords, the simulated city's roster."""
    await prepare(installation)
    passwords = {name: secrets.token_urlsafe(9) for name in ACCOUNTS}
    roster = read_roster((ROOT / "simulator/roster.yaml").read_text("utf-8"))
    database = installation.open_database()
    try:
        async with database.transaction() as session:
            await import_roster(session, roster, by="demo")
            for name, (role, extension) in ACCOUNTS.items():
                await add_user(
                    session, name, name=name, role=role, password=passwords[name],
                    extension=extension,
                )  # fmt: skip
    finally:
        await database.close()
    return passwords


@asynccontextmanager
async def _running(installation: Installation) -> AsyncIterator[City]:
    """The service's processes and the city, up and registered."""
    settings = installation.settings
    supervisor = make_supervisor(installation)
    ready = asyncio.Event()
    service = asyncio.create_task(supervisor.run(ready.set), name="service")
    hotline = HotlineAddress(settings.sip_address, settings.sip_port, settings.number)
    carrier = Carrier(
        installation.folder.program, settings.data_dir / "city", hotline, installation.phones,
        port=settings.trunk_port,
    )  # fmt: skip
    try:
        async with carrier:
            async with asyncio.timeout(30):
                await ready.wait()
            city = City(carrier)
            await city.phones_registered(installation.asterisk, len(settings.phones))
            yield city
    finally:
        supervisor.stop()
        await service


async def _tell(installation: Installation, city: City, passwords: dict[str, str]) -> None:
    settings = installation.settings
    address = f"http://{settings.api_host}:{settings.api_port}"
    async with Desk(address) as operator, Desk(address) as auditor:
        await _signed_in(operator, "operator", passwords)
        await _signed_in(auditor, "auditor", passwords)
        await operator.do("/operators/me/sign-in")
        for story in STORIES:
            console.print()
            told = await story(Scene(city, operator))
            console.print(f"[bold]{told.title}[/]")
            for check in told.checks:
                console.print(f"  [green]✓[/] 音调核对 / tones: {check}")
            await _show(installation, auditor, told)


async def _signed_in(desk: Desk, name: str, passwords: dict[str, str]) -> None:
    async def signed_in() -> bool:
        try:
            await desk.sign_in(name, passwords[name])
        except httpx.TransportError:
            return False
        return True

    await desk.until(signed_in, 30, "the interface answers")


async def _show(installation: Installation, auditor: Desk, told: Told) -> None:
    """The ticket, its transcript by speaker, the engine and why, the proof; each checked."""
    ticket = await auditor.ticket_of(told.call_id)
    transcript = await auditor.get(f"/calls/{told.call_id}/transcript")
    recording = await auditor.get(f"/calls/{told.call_id}/recording", verify=True)
    _check_words(told, transcript)
    if set(ticket["who_spoke"]) != set(told.roles):
        raise NotShown(f"the ticket says {ticket['who_spoke']} spoke, not {told.roles}")
    if not recording["verified"] or recording["manifest"]["gaps"]:
        raise NotShown(f"the recording: {recording['problems']} {recording['manifest']['gaps']}")
    folder = next(installation.settings.archive.glob(f"*/*/*/{told.call_id}"))
    manifest = read_manifest(folder)
    if any(file_sha256(folder / t.file) != t.sha256 for t in manifest.tracks):
        raise NotShown("a track differs from its sealed hash")
    table = Table(title=f"{ticket['number']}  {ticket['title']}", title_justify="left", box=None)
    for column in ("时间", "说话人", "内容"):
        table.add_column(column)
    for said in transcript["utterances"]:
        role = ROLE_NAMES.get(said["role"], said["role"])
        table.add_row(f"{said['start']:6.1f}", role, said["text"])
    console.print(table)
    tracks = ", ".join(
        f"{ROLE_NAMES.get(t.role, t.role)} {t.seconds:.0f}s" for t in manifest.tracks
    )
    console.print(
        f"  转写 / engine: {transcript['engine']} {transcript['model']}：{transcript['why']}"
    )
    console.print(f"  音轨 / tracks: {tracks}")
    console.print(f"  [green]✓[/] 封存 / sealed: sha256 {recording['manifest_sha256']}")
    console.print(f"    前一 / previous: {manifest.previous or '(first)'}")


def _check_words(told: Told, transcript: dict[str, object]) -> None:
    utterances = transcript["utterances"]
    if not isinstance(utterances, list):
        raise NotShown("the transcript has no utterances")
    for role, words in told.words.items():
        text = "".join(said["text"] for said in utterances if said["role"] == role)
        if not any(word in text for word in words):
            raise NotShown(f"{role} should have said one of {words}, understood was {text!r}")


def _say_where(installation: Installation, passwords: dict[str, str]) -> None:
    settings = installation.settings
    address = f"http://{settings.api_host}:{settings.api_port}"
    calls = sorted(settings.archive.glob("*/*/*/*"))
    console.print(f"\n回放 / replay: {address}/replay/{calls[-1].name}")
    console.print(f"接口 / interface: {address}/openapi.json")
    for name, password in passwords.items():
        console.print(f"  {name:<12}{password}")
    console.print("Ctrl-C 结束 / ends")


async def _until_interrupted() -> None:
    """The supervisor's own signal handlers end the service; this waits for that."""
    service = next(task for task in asyncio.all_tasks() if task.get_name() == "service")
    await asyncio.wait({service})
