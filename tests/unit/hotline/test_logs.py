"""A part's log: bounded, whole lines, and nobody is stopped by a disk that takes none."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
import structlog
from hotline import logs
made = logs.PartLog.__init__
logs.PartLog.__init__ = lambda self, file: made(self, file, most=2000, old=2)
logs.set_up_logs("part", file=Path(sys.argv[1]))
log = structlog.get_logger()
for number in range(300):
    log.info("told", number=number)
print("printed")
raise RuntimeError("the end")
"""


def run(program: str, *words: str, out: Path | None = None) -> int:
    with (out or Path("/dev/null")).open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-c", program, *words], stdout=output, stderr=output, check=False
        )
    return done.returncode


def test_a_log_is_bounded_and_its_newest_file_has_the_last_words(tmp_path: Path) -> None:
    file = tmp_path / "part.log"
    run(PROGRAM, str(file), out=file)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["part.log", "part.log.1", "part.log.2"]
    assert all(path.stat().st_size < 4000 for path in tmp_path.iterdir())
    newest = file.read_text()
    assert "printed" in newest and "RuntimeError: the end" in newest
    lines = [json.loads(line) for line in (tmp_path / "part.log.1").read_text().splitlines()]
    assert {line["event"] for line in lines} == {"told"}
    numbers = [line["number"] for line in lines]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_a_full_disk_costs_the_line_and_not_the_program() -> None:
    program = """
import structlog
from hotline.logs import set_up_logs
set_up_logs("part")
for number in range(2000):
    structlog.get_logger().info("told", number=number)
"""
    # Standard output as the supervisor's is where it was led into a file on that disk.
    assert run(program, out=Path("/dev/full")) in (0, 120)  # 120: the interpreter's last flush
