"""Room hotline: `hotline prompts`: what the hotline says, and giving it another voice."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Annotated, Literal

import typer

from hotline.commands.common import fail, installation, who, write_down
from store.base import now
from telephony.ivr.facts import PromptReplaced
from telephony.ivr.prompts import LANGUAGES, install_prompts, prompt_texts, seconds_of, sounds
from telephony.ivr.spoken import NobodySpoke, offer_code, spoken_folder, until_spoken
from telephony.ivr.voice import NotAPrompt, put_voice, read_voice

app = typer.Typer(help="语音提示 / prompts", no_args_is_help=True)

ROOT = Path(__file__).parents[2]
RECORDING_EXTENSION = "*16"
CODE_SECONDS = 600.0
Language = Annotated[str, typer.Option(help="语言 / language: zh | en")]


@app.command("list")
def list_() -> None:
    """列出语音、时长与文字 / every prompt: seconds, whose voice, words."""
    own = installation().own_sounds
    files = sounds("zh", own)
    seconds = seconds_of(files)
    for name, text in prompt_texts().items():
        whose = "本市 own " if name in files and own in files[name].parents else "示例 demo"
        length = f"{seconds[name]:5.1f} s" if name in seconds else "  缺少/missing"
        typer.echo(f"{name:22} {length}  {whose}  {text.zh}")


@app.command()
def render(
    names: Annotated[list[str] | None, typer.Argument()] = None,
    force: Annotated[bool, typer.Option(help="重新合成 / also what is there")] = False,
    python: Annotated[
        str, typer.Option(envvar="HOTLINE_VOICES", help="合成环境 / the synthesiser's python")
    ] = "/tmp/voices/bin/python",  # noqa: S108 - as in the tool's own words
) -> None:
    """合成示例语音 / render the demonstration voice of prompts whose texts changed."""
    tool = ROOT / "tools" / "render_voices.py"
    if not os.access(python, os.X_OK):
        fail(f"没有合成环境 / no synthesiser at {python}; how to make one: {tool} (first lines)")
    told = subprocess.run(
        [python, str(tool), *(["--force"] if force else []), *(names or [])], check=False
    )
    raise typer.Exit(told.returncode)


@app.command()
def replace(name: str, file: Path, language: Language = "zh") -> None:
    """用录音文件替换一条语音 / put a recording of your own in a prompt's place."""
    _known(name, language)
    if not file.is_file():
        fail(f"没有这个文件 / no such file: {file}")
    asyncio.run(_put(name, language, file, "file"))


@app.command()
def record(name: str, language: Language = "zh") -> None:
    """用话机录一条语音 / speak a prompt into a desk phone, behind a code that works once."""
    _known(name, language)
    here = installation()
    if not here.asterisk.is_running:
        fail("热线未启动 / the hotline is not running: bin/hotline up")

    async def go() -> None:
        code = await offer_code(here.asterisk, name, CODE_SECONDS)
        typer.echo(f"请用话机拨 / from a desk phone dial: {RECORDING_EXTENSION}")
        typer.echo(f"口令 / code: {code}  (10 min, 一次有效 / works once)")
        typer.echo(prompt_texts()[name].zh if language == "zh" else prompt_texts()[name].en)
        try:
            await until_spoken(here.asterisk, code, CODE_SECONDS)
            await _put(name, language, spoken_folder(here.asterisk) / f"{code}.wav", "phone")
        except NobodySpoke:
            fail("无人录音 / nobody spoke in time")
        finally:
            (spoken_folder(here.asterisk) / f"{code}.wav").unlink(missing_ok=True)

    asyncio.run(go())


def _known(name: str, language: str) -> None:
    if name not in prompt_texts():
        fail(f"没有这条语音 / no such prompt: {name}; bin/hotline prompts list")
    if language not in LANGUAGES:
        fail(f"没有这种语言 / no such language: {language}; {', '.join(LANGUAGES)}")


async def _put(name: str, language: str, file: Path, how: Literal["file", "phone"]) -> None:
    """Check, convert, put in place, and write down who did it."""
    here = installation()
    try:
        seconds = put_voice(read_voice(file), here.own_sounds / language / f"{name}.wav")
        install_prompts(here.folder, here.own_sounds)
    except (NotAPrompt, OSError) as error:
        fail(str(error))
    fact = PromptReplaced(
        at=now(), prompt=name, language=language, seconds=round(seconds, 2), how=how, by=who()
    )
    await write_down(fact)
    typer.echo(f"已替换 / replaced: {name} ({language}), {seconds:.1f} s")
