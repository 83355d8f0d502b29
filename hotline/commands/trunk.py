"""Room hotline: `hotline trunk`: the carriers' lines and what they say."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import fail, installation, run
from hotline.installation import Installation
from telephony.asterisk.install import AsteriskMissing
from telephony.phones.live import NotTakenUp, take_up
from telephony.trunks.asking import ask_trunks

app = typer.Typer(help="中继 / trunks", no_args_is_help=True)


@app.command("list")
def list_trunks() -> None:
    """中继、顺序、应答与注册 / trunks, their order, whether they answer and are registered."""
    place = installation()
    try:
        told = run(ask_trunks(place.asterisk, place.trunks))
    except AsteriskMissing as missing:
        fail(str(missing))
    table = Table(box=None)
    for column in ("顺序/order", "名称/name", "地址/address", "应答/OPTIONS", "注册/registration"):
        table.add_column(column)
    for position, trunk in enumerate(place.trunks, 1):
        state, registered = told[trunk.name]
        table.add_row(
            str(position), trunk.name, f"{trunk.host}:{trunk.port} {trunk.transport}", state.value,
            registered or "-",
        )  # fmt: skip
    Console(highlight=False).print(table)


@app.command("password")
def password(
    name: Annotated[str, typer.Argument(help="中继名 / name of the trunk")],
    secret: Annotated[
        str,
        typer.Option("--password", help="缺省则询问 / asked for if not given",
                     envvar="HOTLINE_PASSWORD", show_default=False),
    ] = "",
) -> None:  # fmt: skip
    """保存运营商给的注册密码 / keep the password a carrier gave for its registration."""
    place = installation()
    trunk = next((trunk for trunk in place.trunks if trunk.name == name), None)
    if trunk is None:
        known = ", ".join(trunk.name for trunk in place.trunks)
        fail(f"{name}: 没有这条中继 / no such trunk; {known}")
    if not trunk.user:
        fail(f"{name}: 未设置 user,用不到密码 / has no user, so no password is asked for")
    if not secret and not sys.stdin.isatty():
        secret = sys.stdin.readline().strip()
        if not secret:
            fail(
                "password: 标准输入为空 / nothing on standard input; --password or HOTLINE_PASSWORD"
            )
    secret = secret or typer.prompt("密码 / password", hide_input=True)
    if not secret.isascii() or not secret.isprintable() or ";" in secret:
        fail("password: 只能用可打印 ASCII 字符,不含分号 / printable ASCII without a semicolon")
    place.secrets.keep(f"trunk-{name}", secret)
    try:
        live = run(_register_anew(installation(), name))
    except (AsteriskMissing, NotTakenUp) as problem:
        fail(str(problem))
    typer.echo("已生效 / in force" if live else "启动后生效 / in force from the next start")


async def _register_anew(place: Installation, name: str) -> bool:
    live = await take_up(place.asterisk, place.pbx_settings, there=[name])
    if live:
        # By itself Asterisk would try a registration that was rejected a minute later.
        await place.asterisk.command(f"pjsip send register {name}")
    return live
