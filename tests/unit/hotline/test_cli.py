"""The command line: every command is found, wherever it stands."""

import subprocess
import sys

from typer.main import get_command

from hotline.cli import ELSEWHERE, HERE, load
from hotline.settings import ROOT


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
