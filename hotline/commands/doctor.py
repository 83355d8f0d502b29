"""Room hotline: `hotline doctor`: what is wrong with this installation, and what to do."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hotline.commands.common import fail, installation
from hotline.doctor.checks import CHECKS, Seen, examine, is_well
from hotline.doctor.findings import Level, Patient
from hotline.logs import set_up_logs

_MARKS = {Level.WELL: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.WRONG: ("✗", "red")}


def doctor(
    call: Annotated[
        bool, typer.Option("--call", help="另作一次内部试呼 / place a test call inside, too")
    ] = False,
    only: Annotated[str, typer.Option(help="只做一项 / one check alone: trunks, …")] = "",
) -> None:
    """检查整个系统,说明问题与对策 / examine everything; exit code 1 if anything is wrong."""
    names = [check.name for check in CHECKS]
    if only and only not in names:
        fail(f"没有这项检查 / no such check: {only}; {', '.join(names)}", 2)
    set_up_logs("doctor", level=50)
    seen = asyncio.run(examine(Patient(installation()), call=call or only == "call", only=only))
    console = Console(highlight=False, soft_wrap=True)
    for one in seen:
        for line in _lines(one):
            console.print(line)
    wrong = sum(one.finding.level is Level.WRONG for one in seen)
    if not is_well(seen):
        console.print(f"\n[bold red]{wrong} 处有问题 / wrong[/]")
        raise typer.Exit(1)
    console.print("\n[bold green]正常 / all well[/]")


def _lines(one: Seen) -> list[Text]:
    found = one.finding
    mark, colour = _MARKS[found.level]
    said = found.zh if found.zh == found.en else f"{found.zh} / {found.en}"
    lines = [Text.assemble((mark, colour), f" {one.check.zh} {one.check.name}: {said}")]
    if found.do_zh:
        do = found.do_zh if found.do_zh == found.do_en else f"{found.do_zh} / {found.do_en}"
        lines.append(Text(f"    → {do}", style="bold"))
    return lines
