"""Every command the runbook names exists, and every heading it points to."""

import asyncio
import re

from typer.main import get_command
from typer.testing import CliRunner

from hotline.alarms.words import ALARMS
from hotline.cli import load
from hotline.settings import ROOT, Settings
from tests.integration.operations.program import hotline

RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
HEADINGS = re.findall(r"^## (.*)$", RUNBOOK, re.M)


def commands_named() -> set[tuple[str, ...]]:
    """`bin/hotline backup /mnt …` → ("backup",), `bin/hotline owed retry …` → ("owed", "retry")."""
    known = get_command(load()).commands  # type: ignore[attr-defined]
    found = set()
    for words in re.findall(r"bin/hotline((?: +[a-z-]+)+)", RUNBOOK):
        first, *rest = words.split()
        group = getattr(known.get(first), "commands", {})
        found.add((first, rest[0]) if group and rest else (first,))
    return found


def test_every_command_the_runbook_names_exists() -> None:
    named = commands_named()
    assert {("call", "show"), ("owed", "retry"), ("backup",), ("up",), ("asterisk",)} <= named
    for words in sorted(named):
        said = CliRunner().invoke(load(), [*words, "--help"])
        assert said.exit_code == 0, f"bin/hotline {' '.join(words)}: {said.output}"


def test_every_option_the_runbook_names_exists() -> None:
    for words, option in re.findall(r"bin/hotline((?: +[a-z]+)+) [^`\n]*?(--[a-z-]+)", RUNBOOK):
        known = get_command(load()).commands  # type: ignore[attr-defined]
        first, *rest = words.split()
        depth = [first, *rest[:1]] if getattr(known[first], "commands", {}) else [first]
        said = CliRunner().invoke(load(), [*depth, "--help"], env={"COLUMNS": "200"})
        assert option in said.output, f"{words} {option}"


async def test_the_program_itself_answers(tmp_path: object) -> None:
    settings = Settings()
    first, second = await asyncio.gather(
        hotline(settings, "call", "--help"), hotline(settings, "no-such-command")
    )
    assert first.code == 0 and "show" in first.out
    assert second.code != 0 and "Traceback" not in second.error


def test_headings_and_links() -> None:
    anchors = {"#" + re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in HEADINGS}
    for target in re.findall(r"\]\((#[a-z0-9-]+)\)", RUNBOOK):
        assert target in anchors, target
    for target in re.findall(r"\]\(([a-z][^)#]+)\)", RUNBOOK):
        assert (ROOT / "docs" / target).is_file(), target


def test_every_alarm_points_to_a_heading() -> None:
    for name, words in ALARMS.items():
        assert words.runbook in HEADINGS, name
