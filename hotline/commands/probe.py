"""Room hotline: `hotline probe`: the service calls itself once and says how it went."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from hotline.commands.common import fail, installation, run


def probe(
    ticket_seconds: Annotated[
        float,
        typer.Option(min=0, help="等待转写与工单的秒数,0 不等 / 0: do not wait for the ticket"),
    ] = 180.0,
) -> None:
    """拨测:模拟三方通话并逐项核对 / a test call through everything; needs a running service."""
    from hotline.lock import AlreadyRunning
    from hotline.logs import set_up_logs
    from hotline.probe.calling import run_probe

    set_up_logs("cli", level=logging.ERROR)
    place = installation()
    if not place.asterisk.is_running:
        fail("Asterisk 未运行 / Asterisk does not run")
    try:
        done = run(run_probe(place, ticket_seconds))
    except AlreadyRunning:
        fail("另一次拨测正在进行 / another test call is under way")
    for problem in done.failed:
        typer.secho(f"✗ {problem}", fg=typer.colors.RED)
    if not done.ok:
        fail(f"拨测失败 / the test call failed ({done.seconds} s)  {done.call_id or ''}")
    typer.echo(f"✓ 拨测通过 / all well ({done.seconds} s)  {done.call_id}")
