"""Room hotline: `hotline alarm`: who is told, does it reach them, what stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.common import fail, opened_database, run, settings

if TYPE_CHECKING:
    from hotline.alarms.sending import Target
    from hotline.alarms.tables import Alarm

app = typer.Typer(help="告警 / alarms", no_args_is_help=True)


@app.command("list")
def list_alarms() -> None:
    """当前告警 / alarms that stand."""
    from hotline.alarms.words import ALARMS

    found = run(_standing())
    for row in found:
        title = ALARMS[row.alarm].title if row.alarm in ALARMS else row.alarm
        detail = row.detail.replace("\n", "  ")
        typer.echo(f"{row.raised_at.astimezone():%m-%d %H:%M:%S}  {title}  {row.about}  {detail}")
    if not found:
        typer.echo("没有告警 / no alarms")


async def _standing() -> list[Alarm]:
    from sqlalchemy import select

    from hotline.alarms.tables import Alarm

    query = select(Alarm).where(Alarm.state == "raised").order_by(Alarm.raised_at)
    async with opened_database() as database, database.reading() as session:
        return list(await session.scalars(query))


@app.command("add")
def add(
    url: Annotated[
        str, typer.Argument(help="apprise 地址 / URL: wecombot://…, dingtalk://…, mailto://…")
    ],
) -> None:
    """增加一个告警接收地址(保密保存) / one more address that is told."""
    from hotline.alarms.sending import BadAddress, add_target

    try:
        target = add_target(settings().data_dir, url)
    except BadAddress as bad:
        fail(str(bad))
    typer.echo(f"已添加 / added: {target.kind} {target.target_id}")


@app.command("test")
def test() -> None:
    """向每个地址发一条测试告警 / send every address a test alarm."""
    failed = asyncio.run(_send_to_all(_targets()))
    if failed:
        fail(f"{failed} 个地址未送达 / not reached: {failed}")


def _targets() -> list[Target]:
    from hotline.alarms.sending import BadAddress, read_targets

    try:
        targets = read_targets(settings().data_dir)
    except BadAddress as bad:
        fail(str(bad))
    if not targets:
        fail("没有告警地址,先 / no address, first: bin/hotline alarm add URL")
    return targets


async def _send_to_all(targets: list[Target]) -> int:
    from hotline.alarms.sending import NotSent, send
    from hotline.alarms.words import ALARMS

    failed = 0
    for target in targets:
        try:
            await send(target, "info", f"[12345] {ALARMS['test'].title}", "bin/hotline alarm test")
            typer.echo(f"已送达 / reached: {target.kind} {target.target_id}")
        except NotSent:
            failed += 1
            typer.echo(f"未送达 / not reached: {target.kind} {target.target_id}")
    return failed
