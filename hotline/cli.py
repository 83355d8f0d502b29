"""Room hotline: the command line. `hotline --help`."""

import asyncio
import os
import secrets
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.common import fail, installation, opened_database, run, settings, who

app = typer.Typer(help="12345 热线 / the 12345 hotline", no_args_is_help=True, add_completion=False)
roster_app = typer.Typer(help="值班表 / duty roster", no_args_is_help=True)
user_app = typer.Typer(help="帐号 / accounts", no_args_is_help=True)
model_app = typer.Typer(help="语音模型 / speech models", no_args_is_help=True)
app.add_typer(roster_app, name="roster")
app.add_typer(user_app, name="user")
app.add_typer(model_app, name="model")


# Commands with a file of their own in `hotline/commands`: where, and what in it. Each is loaded
# when it is called: the parts, which may be started in the middle of calls, need none of them.
ELSEWHERE = {
    "alarm": ("alarm", "app"),
    "asterisk": ("asterisk", "asterisk"),
    "backup": ("backup", "backup"),
    "call": ("call", "app"),
    "doctor": ("doctor", "doctor"),
    "ivr": ("ivr", "app"),
    "metrics": ("metrics", "app"),
    "owed": ("owed", "app"),
    "phone": ("phone", "app"),
    "probe": ("probe", "probe"),
    "prompts": ("prompts", "app"),
    "restore": ("backup", "restore"),
    "suggest": ("suggest", "suggest_command"),
    "trunk": ("trunk", "app"),
}
_loaded: set[str] = set()
HERE = ("demo", "model", "part", "phones", "roster", "setup", "up", "user")


def main() -> None:
    """Entry of `bin/hotline`."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    if first not in HERE:
        load((first,) if first in ELSEWHERE else tuple(ELSEWHERE))
    app()


def load(names: Iterable[str] = ELSEWHERE) -> typer.Typer:
    """The program with these commands as well."""
    for name in names:
        if name in _loaded:
            continue
        _loaded.add(name)
        module, what = ELSEWHERE[name]
        found = getattr(import_module(f"hotline.commands.{module}"), what)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


@app.command()
def setup() -> None:
    """Build what the machine lacks: Asterisk, the database's tables, speech models."""
    from hotline.installation import Installation
    from hotline.set_up import prepare, set_up
    from telephony.asterisk.install import AsteriskMissing

    try:
        known = settings()
        asyncio.run(set_up(known, typer.echo))
        asyncio.run(prepare(Installation(known)))
    except AsteriskMissing as missing:
        fail(str(missing))


@app.command()
def up(
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="接管正在运行的服务,通话不断 / from a running `up`"),
    ] = False,
    keep_asterisk: Annotated[
        bool,
        typer.Option("--keep-asterisk", help="结束时保留通话 / leave Asterisk up at the end"),
    ] = False,
) -> None:
    """Start every part, watch them, stop them all on Ctrl-C or SIGTERM."""
    from hotline.lock import AlreadyRunning
    from hotline.run import run_everything
    from telephony.phones.book import BadPhone

    try:
        asyncio.run(
            run_everything(settings(), typer.echo, take_over=take_over, keep_asterisk=keep_asterisk)
        )
    except (AlreadyRunning, BadPhone) as problem:
        fail(str(problem))


@app.command()
def part(
    name: Annotated[str, typer.Argument(help="controller | api | desk | transcriber")],
) -> None:
    """Start one part alone (Asterisk and the tables must be there)."""
    from hotline.parts import PARTS, run_part

    if name not in PARTS:
        fail(f"没有这个部件 / no such part: {name}; {', '.join(PARTS)}")
    asyncio.run(run_part(name, installation()))


@app.command()
def phones() -> None:
    """Show each desk phone's number and password, to be typed into the phone."""
    here = installation()
    typer.echo(f"SIP {here.settings.sip_address}:{here.settings.sip_port}")
    for known in here.phones:
        typer.echo(f"{known.extension}  {known.secret}")


@roster_app.command("import")
def roster_import(file: Path) -> None:
    """Check a roster file row by row and, if all is right, replace the roster with it."""
    from casework.duty.roster import RosterWrong, import_roster, read_roster

    async def go(text: str) -> str:
        roster = read_roster(text)
        async with opened_database() as database, database.transaction() as session:
            fact = await import_roster(session, roster, by="cli")
        return f"已导入 / imported: {fact.units} units, {fact.shifts} shifts"

    try:
        typer.echo(run(go(file.read_text(encoding="utf-8"))))
    except RosterWrong as wrong:
        fail(str(wrong))
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file}: {error}")


@user_app.command("add")
def user_add(
    username: str,
    role: str,
    name: Annotated[str | None, typer.Option(help="姓名 / shown name")] = None,
    extension: Annotated[str | None, typer.Option(help="话机分机 / desk phone")] = None,
    unit: Annotated[str | None, typer.Option(help="联络员所属单位 / a liaison's unit")] = None,
    password: Annotated[
        str,
        typer.Option(help="密码,缺省则生成 / generated if not given", envvar="HOTLINE_PASSWORD"),
    ] = "",
) -> None:
    """Add an account, or give it a new password and role; what is not given stays."""
    from api.accounts import BadAccount, add_user

    word = password or secrets.token_urlsafe(9)

    async def go() -> None:
        async with opened_database() as database, database.transaction() as session:
            await add_user(
                session, username, name=name, role=role, password=word, extension=extension,
                unit_id=unit, by=who(),
            )  # fmt: skip

    try:
        run(go())
    except BadAccount as bad:
        fail(str(bad))
    typer.echo(f"{username}  {role}  {'' if password else word}")


@user_app.command("disable")
def user_disable(username: str) -> None:
    """Sign an account and its phone out and let it in no more, until it is added again."""
    from api.accounts import BadAccount, disable_user

    async def go() -> None:
        async with opened_database() as database, database.transaction() as session:
            await disable_user(session, username, node=settings().node, by=who())

    try:
        run(go())
    except BadAccount as bad:
        fail(str(bad))
    typer.echo(f"已停用 / disabled: {username}")


@model_app.command("add")
def model_add(file: Path) -> None:
    """Unpack a Vosk model (zip) so that it is used from the next start on."""
    from hotline.work.stages import model_settings
    from transcription.engine import ModelUnusable
    from transcription.models import add_zip

    try:
        added = add_zip(file, model_settings(settings()))
        typer.echo(f"已添加 / added: {added.name}")
    except (ModelUnusable, OSError) as error:
        fail(str(error))


@app.command()
def demo() -> None:
    """Run the simulated city against a service of its own and show what came of it."""
    from hotline.demo import run_demo

    stay = os.isatty(1) and not os.environ.get("DEMO_EXIT")
    raise typer.Exit(asyncio.run(run_demo(settings(), stay=stay)))
