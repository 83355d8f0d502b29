"""Room hotline: `hotline call`: what became of a call, in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.common import fail, opened_database, run, who

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="通话记录 / calls", no_args_is_help=True)

Reveal = Annotated[
    bool, typer.Option("--reveal", help="显示完整号码(记入日志) / whole numbers; is written down")
]
# Piped into a file or `less` a narrow default would break every line.
PIPED_WIDTH = 160


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


@app.command("show")
def show(
    call: Annotated[str, typer.Argument(help="通话号或工单号 / call id or ticket number")],
    reveal: Reveal = False,
) -> None:
    """一次通话的全部经过 / the whole story of one call."""
    from hotline.commands.call_shown import show_number, shown
    from hotline.commands.call_story import CallStory, NoSuchCall, call_id_of, read_story, revealed

    async def story() -> CallStory:
        async with opened_database() as database:
            async with database.reading() as session:
                call_id = await call_id_of(session, call)
                found = await read_story(session, call_id)
            if reveal:  # written before anything is shown
                await revealed(database, [call_id], who())
        return found

    try:
        found = run(story())
    except NoSuchCall:
        fail(f"没有这个通话或工单 / no such call or ticket: {call}")
    _console().print(shown(found, show_number(reveal=reveal)))


@app.command("list")
def list_calls(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="条数 / how many")] = 20,
    live: Annotated[bool, typer.Option("--live", help="只看进行中 / only live ones")] = False,
    reveal: Reveal = False,
) -> None:
    """最近的通话 / the newest calls."""
    from hotline.commands.call_shown import call_list, show_number
    from hotline.commands.call_story import Line, newest_calls, revealed

    async def newest() -> list[Line]:
        async with opened_database() as database:
            async with database.reading() as session:
                lines = await newest_calls(session, limit, live=live)
            if reveal:
                await revealed(database, [call.call_id for call, _ in lines], who())
        return lines

    _console().print(call_list(run(newest()), show_number(reveal=reveal)))
