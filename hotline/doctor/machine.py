"""Room hotline/doctor: the machine: Asterisk's program, disk, files, clock, addresses."""

import ctypes
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from hotline.doctor.findings import Finding, Patient, warning, well, wrong
from hotline.health.reserve import Level, disk_of
from hotline.settings import Settings
from telephony.asterisk.install import AsteriskMissing, find_asterisk

GIB = 1024**3
LEAST_FREE, LITTLE_FREE = 1 * GIB, 10 * GIB
# Flags of adjtimex(2): the kernel's clock is not held by anybody.
STA_UNSYNC = 0x0040


async def asterisk_program(patient: Patient) -> list[Finding]:
    try:
        program = find_asterisk(patient.installation.settings.rootfs)
    except AsteriskMissing as missing:
        return [wrong("没有可用的 Asterisk", str(missing), "运行 make setup", "run make setup")]
    where = program.root or "/"
    if program.root is not None and os.geteuid() != 0:
        return [wrong("须以 root 运行(chroot)", "chroot needs root", "用 sudo 运行", "use sudo")]
    return [well(f"程序在 {where}", f"program in {where}")]


async def addresses(patient: Patient) -> list[Finding]:
    """The address phones and trunks are told is one of this machine's."""
    settings = patient.installation.settings
    if not _is_here(settings.sip_address):
        return [
            wrong(
                f"sip_address {settings.sip_address} 不是本机地址",
                f"sip_address {settings.sip_address} is no address of this machine",
                "改为本机网卡地址(ip addr)", "set it to an address that `ip addr` shows",
            )
        ]  # fmt: skip
    if settings.sip_address.startswith("127."):
        return [
            warning(
                "sip_address 为回环地址:只有本机能拨入",
                "sip_address is a loopback address: nobody outside can call",
                "设为本机网卡地址后重启", "set it to this machine's address and restart",
            )
        ]  # fmt: skip
    return [well(settings.sip_address, settings.sip_address)]


async def ports(patient: Patient) -> list[Finding]:
    """With the service stopped: does somebody else hold what we need?"""
    if patient.asterisk_runs:
        return [well("由本服务使用", "held by this service")]
    found = [
        wrong(
            f"{name} {port} 已被其他程序占用", f"{name} {port} is held by another program",
            f"停止该程序(ss -lpn | grep {port})或改设置 {name}",
            f"stop it (ss -lpn | grep {port}) or change the setting {name}",
        )
        for name, address, port, kind in _wanted(patient.installation.settings)
        if not _is_free(address, port, kind)
    ]  # fmt: skip
    return found or [well("端口空闲", "free")]


async def disk(patient: Patient) -> list[Finding]:
    place = patient.installation.settings.data_dir
    while not place.exists():
        place = place.parent
    disk = disk_of(place)
    free, text = disk.free, f"{disk.free / GIB:.1f} GiB"
    do = ("清理或扩容,见 docs/runbook.md", "free some or add a disk, see docs/runbook.md")
    level = patient.installation.reserve.level
    if level in (Level.SPENT, Level.GONE):
        off = level is Level.GONE
        return [
            wrong(
                f"磁盘已满，正在使用预留空间{'，录音已停止' if off else ''}",
                f"the disk is full: its reserve is being used{', recording stopped' * off}", *do,
            )
        ]  # fmt: skip
    if free < LEAST_FREE:
        return [wrong(f"磁盘将满,余 {text}", f"the disk is nearly full: {text} left", *do)]
    if free < LITTLE_FREE:
        return [warning(f"磁盘余量少:{text}", f"little disk left: {text}", *do)]
    return [well(f"余 {text}", f"{text} free")]


async def permissions(patient: Patient) -> list[Finding]:
    """Secrets are ours alone; Asterisk's user can write where it has to."""
    installation = patient.installation
    found: list[Finding] = []
    data = installation.settings.data_dir
    for path in (data, data / "secrets.json"):
        if path.exists() and path.stat().st_mode & (stat.S_IRWXO | stat.S_IRWXG):
            found.append(
                wrong(
                    f"{path} 可被他人读取", f"{path} can be read by others",
                    f"chmod go= {path}", f"chmod go= {path}",
                )
            )  # fmt: skip
    try:
        folder = installation.folder
    except AsteriskMissing:
        return found
    for path in (folder.spool, folder.recordings, folder.log, folder.run):
        if path.exists() and path.stat().st_uid != folder.program.user[0]:
            found.append(
                wrong(
                    f"Asterisk 无法写入 {path}", f"Asterisk's user does not own {path}",
                    f"chown -R {folder.program.user[0]} {path},或重启热线",
                    f"chown -R {folder.program.user[0]} {path}, or restart the hotline",
                )
            )  # fmt: skip
    return found or [well("正确", "as they should be")]


async def clock(patient: Patient) -> list[Finding]:
    """Deadlines and recordings stand on this machine's clock."""
    flags = _clock_flags()
    if flags is None:
        return [well("无法查询", "cannot be asked here")]
    if flags & STA_UNSYNC:
        return [
            warning(
                "时钟未同步", "the clock is not held by any time server",
                "启用 systemd-timesyncd 或 chrony", "enable systemd-timesyncd or chrony",
            )
        ]  # fmt: skip
    return [well("已同步", "synchronised")]


def _clock_flags() -> int | None:
    """`status` of struct timex: a long (and its padding) after modes, offset, freq, errors."""
    buffer = (ctypes.c_long * 64)()  # modes = 0: only read
    try:
        if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(buffer)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return int(buffer[5]) & 0xFFFFFFFF


def _wanted(settings: Settings) -> Iterator[tuple[str, str, int, int]]:
    udp, tcp = socket.SOCK_DGRAM, socket.SOCK_STREAM
    yield "sip_port", settings.sip_address, settings.sip_port, udp
    if settings.sip_tls_port is not None:
        yield "sip_tls_port", settings.sip_address, settings.sip_tls_port, tcp
    yield "ami_port", "127.0.0.1", settings.ami_port, tcp
    yield "api_port", settings.api_host, settings.api_port, tcp


def _is_here(address: str) -> bool:
    try:
        family = socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family[0], socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _is_free(address: str, port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        # As servers do: a connection that has just ended does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def newest_file(folder: Path, pattern: str) -> Path | None:
    """The file changed last, if there is any."""
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime, default=None)
