"""Room hotline/doctor: the table of all checks: causes come before effects."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from hotline.doctor import carrier_tls, lines, loop, machine, nat, pbx, service, sound
from hotline.doctor.findings import Finding, Level, Patient, wrong

log = structlog.get_logger()

Look = Callable[[Patient], Awaitable[list[Finding]]]


@dataclass(frozen=True)
class Check:
    """`name` is what `--only` takes; `places_call`: only with `--call`."""

    name: str
    zh: str
    look: Look
    places_call: bool = False


@dataclass(frozen=True)
class Seen:
    """A check and one thing it found."""

    check: Check
    finding: Finding


async def examine(patient: Patient, *, call: bool = False, only: str = "") -> list[Seen]:
    """Every check's findings; a check that fails itself is a finding too."""
    seen: list[Seen] = []
    for check in CHECKS:
        if (check.places_call and not call) or (only and only != check.name):
            continue
        try:
            found = await check.look(patient)
        except Exception as error:  # one sick check must not hide what the others see
            log.exception("check_failed", check=check.name)
            what = f"{type(error).__name__}: {error}"
            found = [wrong(f"检查失败:{what}", f"the check failed: {what}",
                           "见日志", "see the log")]  # fmt: skip
        seen += [Seen(check, finding) for finding in found]
    return seen


def is_well(seen: list[Seen]) -> bool:
    return all(one.finding.level is not Level.WRONG for one in seen)


CHECKS: tuple[Check, ...] = (
    Check("asterisk", "Asterisk 程序", machine.asterisk_program),
    Check("address", "本机地址", machine.addresses),
    Check("disk", "磁盘", machine.disk),
    Check("permissions", "文件权限", machine.permissions),
    Check("clock", "时钟", machine.clock),
    Check("ports", "端口", machine.ports),
    Check("running", "Asterisk 运行", pbx.running),
    Check("modules", "模块", pbx.modules),
    Check("transports", "SIP 传输", pbx.transports),
    Check("prompts", "提示音", pbx.prompts),
    Check("manager", "管理接口", pbx.manager),
    Check("events", "通话事件", pbx.event_file),
    Check("trunks", "中继", lines.trunks),
    Check("nat", "路由器", nat.nat),
    Check("sound", "通话声音", sound.sound),
    Check("carriers", "运营商证书", carrier_tls.carriers),
    Check("codecs", "编解码", lines.codecs),
    Check("phones", "话机", lines.phones),
    Check("certificate", "证书", lines.certificate),
    Check("database", "数据库", service.database),
    Check("parts", "部件", service.parts),
    Check("interface", "接口", service.interface),
    Check("roster", "值班表", service.roster),
    Check("recording", "录音", service.recording),
    Check("speech", "语音模型", service.speech),
    Check("call", "试呼", loop.test_call, places_call=True),
)
