"""The command line: every command is found, wherever it stands; accounts."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.main import get_command
from typer.testing import CliRunner

from api.tables import User
from hotline.cli import ELSEWHERE, HERE, load
from hotline.settings import ROOT, Settings
from store import journal
from store.database import Database


def test_commands_here_and_elsewhere_are_all_there_are() -> None:
    commands = get_command(load()).commands  # type: ignore[attr-defined]
    assert set(commands) == {*HERE, *ELSEWHERE}


def test_a_part_loads_no_command_of_another_file() -> None:
    """A controller that was killed is back the sooner."""
    program = (
        "import sys; sys.argv = ['hotline', 'part', '--help']\n"
        "from hotline.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(x for x in sys.modules if x.startswith('hotline.commands.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "['hotline.commands.common']"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the database that the commands find, with its tables."""
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    url = Settings().database_url
    asyncio.run(Database(url).migrate())
    return url


def test_what_is_not_given_of_an_account_stays(url: str) -> None:
    """
    hotline user add lin …                      | name | extension | unit
    liaison --name --extension --unit           | 林   | 1001      | market
    liaison                                     | 林   | 1001      | market
    operator --extension "" --unit ""           | 林   |           |
    """
    whole = ("--name", "林", "--extension", "1001", "--unit", "market")
    for given, kept in (
        (("liaison", *whole), ("林", "1001", "market")),
        (("liaison",), ("林", "1001", "market")),
        (("operator", "--extension", "", "--unit", ""), ("林", None, None)),
    ):
        shown = CliRunner().invoke(load(), ["user", "add", "lin", *given])
        assert shown.exit_code == 0, shown.output
        row, _ = asyncio.run(account(url))
        assert (row.name, row.extension, row.unit_id) == kept


def test_an_account_is_disabled_and_each_change_of_it_written_down(url: str) -> None:
    for words in (("add", "lin", "admin"), ("disable", "lin")):
        shown = CliRunner().invoke(load(), ["user", *words])
        assert shown.exit_code == 0, shown.output
    row, facts = asyncio.run(account(url))
    assert not row.active
    assert [fact.kind for fact in facts] == ["account_added", "account_disabled"]
    assert facts[0].data["role"] == "admin"
    assert all(fact.data["by"].startswith("cli:") for fact in facts)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "li", "operator", "--extension", "10 01"), "extension: '10 01' must be"),
        (("disable", "nobody"), "nobody is called 'nobody'"),
    ],
)
def test_a_mistake_in_an_account_is_told_in_words(
    url: str, words: tuple[str, ...], told: str
) -> None:
    shown = CliRunner().invoke(load(), ["user", *words])
    assert shown.exit_code == 1
    assert told in shown.output
    assert "Traceback" not in shown.output


async def account(url: str) -> tuple[User, list[journal.JournalRow]]:
    """The one that there is, and all facts."""
    database = Database(url)
    async with database.reading() as session:
        row = (await session.scalars(select(User))).one()
        facts = await journal.after(session, 0)
    await database.close()
    return row, facts
