"""Room hotline/doctor: Asterisk: does it run, is all of it there, do we reach it?"""

import asyncio
import re
import sqlite3
from contextlib import closing

from hotline.doctor.findings import NOT_ASKED, Finding, Patient, well, wrong
from telephony.ami.link import AmiLink
from telephony.asterisk.install import OLDEST, new_enough
from telephony.asterisk.modules import PBX_MODULES
from telephony.cel.file import CelFile, Mark
from telephony.registry import CEL_BOOKMARK, CEL_HEAD

START = ("启动热线:make run(或 bin/hotline up)", "start the hotline: make run (or bin/hotline up)")
RESTART = ("重启热线", "restart the hotline")
# The controller reads within milliseconds; this much unread means that nobody reads.
UNREAD_BYTES = 64 * 1024


async def running(patient: Patient) -> list[Finding]:
    if not patient.asterisk_runs:
        return [wrong("Asterisk 未运行", "Asterisk does not run", *START)]
    said = (await patient.console("core show version")).splitlines()
    version = said[0].partition(" built by")[0] if said else "?"
    if not new_enough(version):
        return [
            wrong(
                f"版本过旧:{version}",
                f"too old: {version}; {'.'.join(map(str, OLDEST))} is needed",
                "移走 var/rootfs 后 make setup", "move var/rootfs away and run make setup",
            )
        ]  # fmt: skip
    return [well(version, version)]


async def modules(patient: Patient) -> list[Finding]:
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    shown = await patient.console("module show")
    there = {
        line.split()[0].removesuffix(".so")
        for line in shown.splitlines()
        if line.split()[:1] and line.split()[0].endswith(".so") and "Not Running" not in line
    }
    missing = sorted(set(PBX_MODULES) - there)
    if missing:
        names = ", ".join(missing)
        return [wrong(f"未加载模块 {names}", f"modules not loaded: {names}", *RESTART)]
    return [well(f"{len(PBX_MODULES)} 个", f"{len(PBX_MODULES)} loaded")]


async def prompts(patient: Patient) -> list[Finding]:
    """Every prompt that the dialplan names lies there as a file."""
    folder = patient.installation.folder
    try:
        plan = (folder.etc / "extensions.conf").read_text("utf-8")
    except OSError:
        return [wrong("尚无拨号方案", "there is no dialplan yet", *START)]
    named = set(re.findall(r"\$\{SAY\}/([a-z_0-9]+)", plan))
    missing = sorted(n for n in named if not (folder.sounds / "zh" / f"{n}.wav").is_file())
    if missing:
        names = ", ".join(missing)
        return [wrong(f"缺少提示音 {names}", f"prompts missing: {names}", *RESTART)]
    return [well(f"{len(named)} 段", f"{len(named)} there")]


async def transports(patient: Patient) -> list[Finding]:
    """Asterisk leaves a transport out, and goes on, where its port is somebody else's."""
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    settings = patient.installation.settings
    wanted = {"transport-udp": ("sip_port", settings.sip_port)}
    if any(trunk.transport == "tcp" for trunk in patient.installation.trunks):
        wanted["transport-tcp"] = ("sip_port", settings.sip_port)
    if settings.sip_tls_port is not None:
        wanted["transport-tls"] = ("sip_tls_port", settings.sip_tls_port)
    shown = await patient.console("pjsip show transports")
    return [
        wrong(
            f"{name} 未启用({setting} {port})", f"{name} is not up ({setting} {port})",
            f"查看 ss -lpn | grep {port};证书;然后重启热线",
            f"look at ss -lpn | grep {port} and the certificate, then restart the hotline",
        )
        for name, (setting, port) in wanted.items()
        if name not in shown
    ] or [well(", ".join(wanted), ", ".join(wanted))]  # fmt: skip


async def manager(patient: Patient) -> list[Finding]:
    """Sign in to the manager with our own account."""
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    up = asyncio.Event()
    link = AmiLink(patient.installation.ami, lambda _: None, up.set, lambda: None)
    task = asyncio.create_task(link.run(), name="doctor ami")
    try:
        async with asyncio.timeout(5):
            await up.wait()
    except TimeoutError:
        port = patient.installation.settings.ami_port
        refused = link.counters.refused_logins
        what = ("密码被拒", "the password is refused") if refused else ("无应答", "no answer")
        return [wrong(f"管理接口 {port} {what[0]}", f"manager at port {port}: {what[1]}", *RESTART)]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [well("可登录", "signs in")]


async def event_file(patient: Patient) -> list[Finding]:
    """Asterisk's event file, and how far the controller has read it."""
    installation = patient.installation
    file = CelFile(installation.folder.cel_file)
    if not file.path.exists():
        return [well("尚无通话", "no call yet")]
    mark = _mark(patient)
    unread = file.unread(mark or Mark())
    if mark is None or unread > UNREAD_BYTES:
        return [
            wrong(
                "通话事件无人读取", f"call events are not read: {unread} bytes wait",
                "查看 var/data/log/controller.log;重启热线",
                "look into log/controller.log, restart the hotline",
            )
        ]  # fmt: skip
    return [well("已读到末尾", "read to its end")]


def _mark(patient: Patient) -> Mark | None:
    path = patient.installation.journal_path
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as journal:
            known = dict(journal.execute("SELECT name, value FROM bookmark").fetchall())
    except sqlite3.Error:
        return None
    return Mark(known.get(CEL_BOOKMARK, 0), known.get(CEL_HEAD, 0))
