"""Room hotline: `hotline asterisk "core show channels"`: one line of Asterisk's own console."""

from typing import Annotated

import typer

from hotline.commands.common import fail, installation, run


def asterisk(
    line: Annotated[list[str], typer.Argument(help='例如 / e.g. "core show channels"')],
) -> None:
    """在话务平台上执行一条命令 / run one command on the PBX's console."""
    from telephony.asterisk.install import AsteriskMissing

    try:
        node = installation().asterisk
    except AsteriskMissing as missing:
        fail(str(missing))
    if not node.is_running:
        fail("Asterisk 未运行 / Asterisk does not run")
    try:
        typer.echo(run(node.command(" ".join(line))).rstrip())
    except ValueError as wrong:
        fail(f"命令过长 / {wrong}")
