"""Room hotline: `hotline owed`: what calls are still owed; dead work and facts, once more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.common import fail, installation, opened_database, run, who

if TYPE_CHECKING:
    from hotline.commands.redo import Redone
    from hotline.owed.tables import OwedWork

app = typer.Typer(help="待办 / what calls are still owed", no_args_is_help=True)


@app.command("list")
def list_owed(
    everything: Annotated[bool, typer.Option("--all", help="包括已完成 / done ones too")] = False,
) -> None:
    """未完成的后续工作 / work that is owed or was given up."""
    from rich.console import Console
    from rich.table import Table

    found = run(_rows(everything=everything))
    if not found:
        typer.echo("没有待办 / nothing is owed")
        return
    table = Table(box=None, pad_edge=False)
    for column in (
        "通话 / call", "阶段 / stage", "状态 / state", "次数 / tries", "起 / since",
        "错误 / last error",
    ):  # fmt: skip
        table.add_column(column, overflow="fold")
    for row in found:
        table.add_row(
            row.call_id, row.stage, row.state, str(row.attempts),
            f"{row.owed_since.astimezone():%m-%d %H:%M:%S}", row.last_error or "",
        )  # fmt: skip
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


async def _rows(*, everything: bool) -> list[OwedWork]:
    from sqlalchemy import select

    from hotline.owed.tables import OwedWork

    query = select(OwedWork).order_by(OwedWork.state, OwedWork.owed_since)
    if not everything:
        query = query.where(OwedWork.state != "done")
    async with opened_database() as database, database.reading() as session:
        return list(await session.scalars(query))


@app.command("retry")
def retry(
    call_id: Annotated[str, typer.Argument(help="通话号 / call id")] = "",
    stage: Annotated[str, typer.Option(help="只此阶段 / this stage only")] = "",
    everything: Annotated[bool, typer.Option("--all", help="全部 / all dead work")] = False,
) -> None:
    """重新排上已放弃的工作 / offer dead work again."""
    from hotline.commands.redo import offer_again

    if bool(call_id) == everything:
        fail("请给出通话号,或用 --all / name a call, or say --all")

    async def again() -> int:
        async with opened_database() as database:
            return await offer_again(database, call_id, stage, by=who())

    count = run(again())
    if call_id and not count:
        fail(f"没有已放弃的工作 / no dead work: {call_id} {stage}".rstrip())
    typer.echo(f"已重新排上 / offered again: {count}")


@app.command("redo-projections")
def redo_projections() -> None:
    """重新入库 / facts that could not change their rows try again."""
    from functools import partial

    from hotline.commands.redo import redo
    from hotline.projection import project
    from hotline.ringing_back import rules_of

    place = installation()

    async def again() -> list[Redone]:
        async with opened_database() as database:
            return await redo(
                database, place.journal_path, place.settings.node,
                partial(project, rules=rules_of(place.settings)),
            )  # fmt: skip

    found = run(again())
    for one in found:
        told = f"失败 / failed: {one.error}" if one.error else "完成 / done"
        typer.echo(f"{one.number}  {one.kind}  {one.call_id or '-'}  {told}")
    wrong = sum(bool(one.error) for one in found)
    if wrong:
        fail(f"{wrong} 条仍未入库 / still not projected: {wrong}")
    typer.echo(f"已入库 / projected now: {len(found)}")
