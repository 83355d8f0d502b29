"""Room hotline: `hotline phone`: desk phones, added and taken away while calls go on."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import fail, installation, run
from hotline.installation import Installation
from telephony.asterisk.install import AsteriskMissing
from telephony.asterisk.render import DeskPhone
from telephony.phones.book import BadPhone, Phone
from telephony.phones.live import NotTakenUp, take_up

app = typer.Typer(help="话机 / desk phones", no_args_is_help=True)

Extension = Annotated[str, typer.Argument(metavar="EXT", help="分机号 / extension")]
Outside = Annotated[
    bool, typer.Option("--outside", help="路由器外的话机 / a phone beyond the router")
]
Picture = Annotated[bool, typer.Option("--qr/--no-qr", help="显示二维码 / show the QR code")]


@app.command("add")
def add(
    extension: Extension,
    name: Annotated[str, typer.Option(help="姓名或座位 / who or where")] = "",
    tls: Annotated[bool, typer.Option("--tls", help="加密:TLS 与 SRTP / encrypted")] = False,
    outside: Outside = False,
    picture: Picture = True,
) -> None:
    """新增话机,不影响通话;打印帐号与二维码 / add a phone; no call is disturbed."""
    place = installation()
    if tls and place.settings.sip_tls_port is None:
        fail("sip_tls_port: 未设置,TLS 话机无法接入;设置后重启 / set it (5061) and restart first")
    _check_outside(place, outside)
    try:
        if extension in place.settings.phones:
            raise BadPhone(f"{extension}: 已在设置 phones 中 / stands in the setting phones")
        place.phone_book.add(Phone(extension, name, tls))
        _take_up(place, there=[extension])
    except BadPhone as bad:
        fail(str(bad))
    _show_account(place, extension, outside, picture)


@app.command("list")
def list_phones() -> None:
    """列出话机及是否已注册 / every phone, and whether it is signed in."""
    place = installation()
    names = {phone.extension: phone.name for phone in place.phone_book.phones()}
    contacts = _contacts(place)
    table = Table(box=None)
    for column in ("分机/ext", "姓名/name", "加密/TLS", "来源/from", "已注册/signed in at"):
        table.add_column(column)
    for phone in place.phones:
        known = phone.extension in names
        table.add_row(
            phone.extension, names.get(phone.extension, ""), "TLS" if phone.tls else "",
            "phone add" if known else "settings", contacts.get(phone.extension, "-"),
        )  # fmt: skip
    Console(highlight=False).print(table)


@app.command("remove")
def remove(extension: Extension) -> None:
    """删除话机;正在进行的通话不受影响 / take a phone away; its call goes on to its end."""
    place = installation()
    if extension in place.settings.phones:
        fail(f"{extension}: 在设置 phones 中,请在那里删除 / take it out of the setting phones")
    try:
        place.phone_book.remove(extension)
        place.secrets.keep(f"phone-{extension}", None)
        _take_up(place, gone=[extension])
    except BadPhone as bad:
        fail(str(bad))
    typer.echo(f"已删除 / removed: {extension}")


@app.command("secret")
def secret(
    extension: Extension,
    new: Annotated[bool, typer.Option("--new", help="换新密码 / make a new password")] = False,
    outside: Outside = False,
    picture: Picture = True,
) -> None:
    """显示(或更换)话机密码与二维码 / show, or renew, a phone's password."""
    place = installation()
    _phone(place, extension)
    _check_outside(place, outside)
    if new:
        place.secrets.keep(f"phone-{extension}", None)
        place.secrets.get(f"phone-{extension}")
        _take_up(place, there=[extension])
    _show_account(place, extension, outside, picture)


def _phone(place: Installation, extension: str) -> DeskPhone:
    found = next((phone for phone in place.phones if phone.extension == extension), None)
    if found is None:
        fail(f"{extension}: 没有这部话机 / no such phone")
    return found


def _check_outside(place: Installation, outside: bool) -> None:
    if outside and not place.settings.public_address:
        fail("public_address: 未设置,外网话机无法接入 / set it (the router's address) first")


def _show_account(place: Installation, extension: str, outside: bool, picture: bool) -> None:
    account = place.account(_phone(place, extension), outside)
    typer.echo(f"分机 / user:      {account.extension}")
    typer.echo(f"密码 / password:  {account.secret}")
    how = "TLS + SRTP" if account.tls else "UDP"
    typer.echo(f"服务器 / server:  {account.host}:{account.port}  {how}")
    if picture:
        typer.echo(account.picture())


def _take_up(place: Installation, there: Sequence[str] = (), gone: Sequence[str] = ()) -> None:
    try:
        live = run(take_up(place.asterisk, place.pbx_settings, there=there, gone=gone))
    except AsteriskMissing as missing:
        fail(str(missing))
    except NotTakenUp as late:
        fail(f"Asterisk 尚未接受更改,重启后生效 / {late}; it will with a restart")
    if not live:
        typer.echo("热线未运行,启动后生效 / the hotline does not run: in force from its next start")


def _contacts(place: Installation) -> dict[str, str]:
    """Extension → where its phone is, as Asterisk has it now."""
    try:
        if not place.asterisk.is_running:
            return {}
        shown = run(place.asterisk.command("pjsip show contacts"))
    except AsteriskMissing:
        return {}
    found = {}
    for line in shown.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "Contact:" and "/sip" in words[1]:
            name, _, uri = words[1].partition("/")
            found[name] = uri.partition(";")[0].rpartition("@")[2]
    return found
