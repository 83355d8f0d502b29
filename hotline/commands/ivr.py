"""Room hotline: `hotline ivr`: check, draw, compile a flow, and put it in force."""

from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.common import fail, run, settings, who, write_down

app = typer.Typer(help="按键流程 / flows: what callers can do by keys", no_args_is_help=True)

File = Annotated[
    Path | None, typer.Argument(help="流程文件,缺省为生效的流程 / a flow (default: in force)")
]


@app.command()
def check(file: File = None) -> None:
    """检查流程与语音 / check a flow, and that every prompt is there."""
    from hotline.flows import checked, flow_file
    from hotline.installation import Installation
    from telephony.ivr.prompts import missing
    from telephony.ivr.source import FlowBroken

    installation = Installation(settings())
    file = file or flow_file(installation)
    gone = missing(installation.own_sounds)
    for name in gone:
        typer.secho(f"缺少语音 / no sound for the prompt: {name}", fg="red", err=True)
    try:
        flow = checked(installation, file)
    except FlowBroken as broken:
        fail(str(broken))
    if gone:
        raise typer.Exit(1)
    typer.echo(f"正确 / good: {file}: {flow.flow}, {len(flow.nodes)} nodes")


@app.command()
def draw(
    file: File = None,
    out: Annotated[Path | None, typer.Option(help="写入文件 / write into this file")] = None,
) -> None:
    """画成流程图 / draw a flow, in Mermaid's words."""
    from hotline.flows import checked, flow_file
    from hotline.installation import Installation
    from telephony.ivr.draw import mermaid
    from telephony.ivr.source import FlowBroken

    installation = Installation(settings())
    try:
        picture = mermaid(checked(installation, file or flow_file(installation)))
        if out is None:
            typer.echo(picture, nl=False)
        else:
            fenced = out.suffix == ".md"
            out.write_text(f"```mermaid\n{picture}```\n" if fenced else picture, encoding="utf-8")
    except (FlowBroken, OSError) as error:
        fail(str(error))


@app.command("compile")
def compile_(file: File = None) -> None:
    """显示编译后的拨号方案 / show the dialplan that a flow becomes."""
    from hotline.flows import compiled, flow_file
    from hotline.installation import Installation
    from telephony.ivr.source import FlowBroken

    installation = Installation(settings())
    try:
        made = compiled(installation, file or flow_file(installation))
    except FlowBroken as broken:
        fail(str(broken))
    typer.echo(made.text, nl=False)


@app.command()
def apply(file: Path) -> None:
    """使流程生效,不影响进行中的通话 / put a flow in force; calls in progress keep theirs."""
    from hotline.flows import apply_file
    from hotline.installation import Installation
    from hotline.lock import AlreadyRunning
    from store.base import now
    from telephony.ivr.facts import FlowApplied
    from telephony.ivr.shelf import Applied, NotApplied
    from telephony.ivr.source import FlowBroken

    async def go() -> Applied:
        here = Installation(settings())
        applied = await apply_file(here, file)
        await write_down(
            FlowApplied(at=now(), node=here.settings.node, flow=applied.version, by=who())
        )
        return applied

    try:
        applied = run(go())
    except FlowBroken as broken:
        fail(f"{broken}\n未更改 / nothing was changed")
    except (AlreadyRunning, NotApplied, OSError) as error:
        fail(str(error))
    typer.echo(f"已生效 / in force: {applied.version}")
    for version in applied.kept:
        typer.echo(f"  仍有通话使用 / calls are still in: {version}")
    for version in applied.dropped:
        typer.echo(f"  已清除 / dropped: {version}")


@app.command()
def status() -> None:
    """显示生效的流程 / show which flow is in force."""
    from hotline.flows import flow_file
    from hotline.installation import Installation
    from telephony.ivr.shelf import Shelf

    installation = Installation(settings())
    version = Shelf(installation.folder).in_force
    typer.echo(version or "(无 / none: [greeting])")
    typer.echo(str(flow_file(installation)))
