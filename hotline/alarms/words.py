"""Room hotline/alarms: every alarm, what it says, and which facts mean one.

`for_seconds`: a state must last this long before it is an alarm. An alarm without it is
an event: it is over when it has not come again for a while; `until_well`: when it was seen
to be well again.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One alarm as a person reads it; `runbook` is the heading to go to."""

    title: str
    runbook: str
    for_seconds: float | None = None
    until_well: bool = False


ALARMS: dict[str, Words] = {
    # -- states -----------------------------------------------------------------------------
    "part_silent": Words("部件无响应 / a part is silent", "First look", 20),
    "asterisk_down": Words("Asterisk 未运行 / Asterisk is down", "Asterisk died", 10),
    "ami_down": Words("管理链路中断 / AMI link down", "AMI is down", 30),
    "trunk_down": Words("中继中断 / trunk down", "No calls come in", 60),
    "forwarder_away": Words(
        "事实未入主库 / facts do not reach the main database", "The main database is away", 60
    ),
    "database_away": Words("主数据库不可用 / main database away", "The main database is away", 60),
    "cel_behind": Words("通话事件积压 / events of calls are not read", "Events are not read", 60),
    "disk_low": Words("磁盘空间不足 / disk nearly full", "The disk is full", 0),
    "reserve_spent": Words(
        "磁盘已满，预留空间已动用 / disk full, the reserve is being used", "The disk is full", 0
    ),
    "recording_stopped": Words(
        "磁盘已满，录音已停止 / disk full, recording has stopped", "The disk is full", 0
    ),
    "work_waits": Words("后续工作久未完成 / work waits too long", "Work waits", 60),
    # -- events -----------------------------------------------------------------------------
    "recording_gap": Words("录音有缺口 / a recording has a gap", "A recording has a gap"),
    "clock_stepped": Words(
        "通话中时钟被拨动 / the clock was stepped in a call", "The clock was stepped"
    ),
    "seal_failed": Words("录音封存失败 / a recording is not sealed", "A recording is not sealed"),
    "work_died": Words("后续工作已放弃 / work was given up", "Dead work"),
    "projection_failed": Words("事实未能入库 / a fact changed no rows", "Facts without rows"),
    "probe_failed": Words("拨测失败 / a test call failed", "A test call failed", until_well=True),
    "overdue": Words("已超时限 / overdue", "Something is overdue"),
    "test": Words("测试告警 / test alarm", "Nobody hears the alarms"),
}

# Fact → the alarm it means.
ALARM_OF_FACT: dict[str, str] = {
    "recording_gap": "recording_gap",
    "clock_stepped": "clock_stepped",
    "seal_failed": "seal_failed",
    "work_died": "work_died",
    "projection_failed": "projection_failed",
    "ticket_overdue": "overdue",
    "ringback_overdue": "overdue",
}
