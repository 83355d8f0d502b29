"""Room hotline: a call's story as tables in the terminal."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hotline.commands.call_story import CallStory
from store.masking import masked
from telephony.tables import PhoneCall

Shown = Callable[[str | None], str]
# What of a fact's data says something to a person; ids that repeat on every line do not.
_DULL = frozenset({"node", "channel", "started_ms", "ring_seconds", "manifest_sha256", "previous"})
_DESK = frozenset({"operator", "supervisor"})


def show_number(*, reveal: bool) -> Shown:
    """How numbers are written: masked, or whole where somebody asked for it."""
    return (lambda number: number or "-") if reveal else masked


def shown(story: CallStory, number: Shown) -> RenderableType:
    """Everything about the call, in the order in which one asks."""
    return Group(
        _head(story, number), _steps(story), _legs(story, number), _rings(story), _audio(story),
        _afterwards(story), _facts(story),
    )  # fmt: skip


def call_list(calls: list[tuple[PhoneCall, str]], number: Shown) -> Table:
    """One line a call; the second of each pair is its tickets' numbers."""
    table = _table(
        "", "通话 / call", "来电 / from", "时间 / at", "秒 / s", "状态 / state", "工单 / ticket"
    )  # fmt: skip
    for call, tickets in calls:
        seconds = (call.ended_at - call.started_at).total_seconds() if call.ended_at else None
        table.add_row(
            call.call_id, number(call.caller_number), _local(call.started_at), _seconds(seconds),
            _state(call), tickets,
        )  # fmt: skip
    return table


def _state(call: PhoneCall) -> str:
    if call.stage == "live":
        return "进行中 / live"
    if call.line_broke:
        return "线路中断 / line broke"
    if call.left_message:
        return "留言 / message"
    return "已接听 / answered" if call.operator_at or call.talked_at else "未接通 / abandoned"


def _head(story: CallStory, number: Shown) -> RenderableType:
    call = story.call
    return Text.assemble(
        (call.call_id, "bold"), f"  {number(call.caller_number)} → {call.called}",
        f"  {_local(call.started_at)}  {_state(call)}",
    )  # fmt: skip


def _steps(story: CallStory) -> Table:
    table = _table("用时 / time", "阶段 / stage", "时刻 / at", "用时 / took")
    for step in story.steps():
        table.add_row(step.name, _local(step.at), _seconds(step.seconds))
    return table


def _legs(story: CallStory, number: Shown) -> Table:
    table = _table(
        "各方 / legs", "角色 / role", "号码 / number", "人员 / person", "起 / from",
        "接 / answered", "止 / to", "原因 / cause",
    )  # fmt: skip
    start = story.call.started_at
    for leg in story.legs:
        written = leg.number or "-" if leg.role in _DESK else number(leg.number)
        table.add_row(
            leg.role + (f" ({leg.mode})" if leg.mode else ""), written, leg.person_id or "-",
            _since(start, leg.started_at), _since(start, leg.answered_at),
            _since(start, leg.ended_at), "-" if leg.cause is None else str(leg.cause),
        )  # fmt: skip
    return table


def _rings(story: CallStory) -> Table:
    table = _table(
        "呼叫 / rings", "单位 / unit", "第几位 / rung", "人员 / person", "呼叫 / rung at",
        "结果 / outcome",
    )  # fmt: skip
    start = story.call.started_at
    for connect in story.connects:
        for place, rung in enumerate(connect.rungs, start=1):
            at = rung.get("rung_at")
            table.add_row(
                connect.unit_id, str(place), rung["person_id"],
                _since(start, datetime.fromisoformat(at) if at else None),
                rung.get("outcome") or "-",
            )  # fmt: skip
    return table


def _audio(story: CallStory) -> Table:
    table = _table(
        "音轨 / tracks", "文件 / file", "角色 / role", "偏移 / offset", "时长 / length", ""
    )
    for recording, tracks in story.recordings:
        for track in tracks:
            table.add_row(
                f"{recording.folder}/{track.file}", track.role,
                f"+{track.offset_ms / 1000:.3f} s", _seconds(track.seconds),
                "修复 / repaired" if track.repaired else "",
            )  # fmt: skip
        gap = "缺口 / gap" if recording.has_gap else ""
        table.add_row(
            f"sha256 {recording.manifest_sha256[:16]}…", "封存 / sealed", "",
            _seconds(recording.seconds), gap,
        )  # fmt: skip
    return table


def _afterwards(story: CallStory) -> Table:
    table = _table("后续 / afterwards", "什么 / what", "状态 / state", "说明 / detail")
    transcript = story.transcript
    if transcript is not None:
        cost = f"{transcript.seconds_spent:.1f} s / {transcript.seconds_audio:.1f} s"
        told = f"{transcript.engine} {transcript.model}  {cost}" if transcript.engine else ""
        table.add_row("转写 / transcript", transcript.state, transcript.error or told)
    for ticket in story.tickets:
        table.add_row(f"工单 / ticket {ticket.number}", ticket.status, ticket.transcript_note)
    for work in story.owed:
        told = work.last_error or ""
        table.add_row(f"所欠 / owed {work.stage}", f"{work.state} ×{work.attempts}", told)
    return table


def _facts(story: CallStory) -> Table:
    table = _table("经过 / facts", "时刻 / at", "事实 / fact", "内容 / data")
    start = story.call.started_at
    for fact in story.facts:
        data = "  ".join(_told(fact.data))
        table.add_row(_since(start, fact.at), fact.kind, data)
    return table


def _told(data: dict[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        if name in _DULL or value in (None, "", [], {}):
            continue
        text = f"{len(value)}×" if isinstance(value, list) else str(value)
        yield f"{name}={text}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _local(at: datetime | None) -> str:
    return f"{at.astimezone():%m-%d %H:%M:%S}" if at else "-"


def _since(start: datetime, at: datetime | None) -> str:
    return f"+{(at - start).total_seconds():.2f}" if at else "-"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f} s"
