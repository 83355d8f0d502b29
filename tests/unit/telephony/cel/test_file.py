"""The file reader against everything a power cut and a stranger's name can do to a file."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.cel.events import CEL_COLUMNS
from telephony.cel.file import CelFile


def line(number: int = 1, name: str = "", event: str = "HANGUP", exten: str = "") -> bytes:
    values = dict.fromkeys(CEL_COLUMNS, "")
    values |= {"name": event, "time": f"1795511791.{number:06d}", "unique_id": f"pbx-1.{number}"}
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
        (values | {"caller_name": name, "exten": exten}).values()
    )
    return out.getvalue().encode()


def ids(file: CelFile, offset: int = 0) -> tuple[list[str], int]:
    events, offset = file.read_from(offset)
    return [event.unique_id for event in events], offset


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def test_no_file_yet_is_no_event(path: Path) -> None:
    assert CelFile(path).read_from(0) == ([], 0)


def test_a_line_that_is_not_whole_waits(path: Path) -> None:
    whole, half = line(1), line(2)
    file = CelFile(path)
    path.write_bytes(whole + half[:-1])
    assert ids(file) == (["pbx-1.1"], len(whole))
    path.write_bytes(whole + half)
    assert ids(file, len(whole)) == (["pbx-1.2"], len(whole + half))
    assert file.garbage == 0


@pytest.mark.parametrize("torn_at", range(1, len(line(2)) - 1))
def test_a_line_torn_by_a_power_cut_costs_only_itself(path: Path, torn_at: int) -> None:
    # | torn | the restarted Asterisk goes on in the same line | next |
    path.write_bytes(line(1) + line(2)[:torn_at] + line(3) + line(4))
    file = CelFile(path)
    assert ids(file)[0] == ["pbx-1.1", "pbx-1.3", "pbx-1.4"]
    assert file.garbage == 1


@pytest.mark.parametrize(
    "name", ['王小明 "引",号', "two\nlines", '"\n"HANGUP","1795511791.000009",', "x" * 9000, "\r\n"]
)
def test_a_name_can_hold_anything(path: Path, name: str) -> None:
    path.write_bytes(line(1, name) + line(2))
    events, offset = CelFile(path).read_from(0)
    assert [event.caller_name for event in events] == [name, ""]
    assert offset == path.stat().st_size


def test_a_dialled_number_that_looks_like_a_time_does_not_cut_the_record(path: Path) -> None:
    path.write_bytes(line(1, "HANGUP", exten="1795511791.000009") + line(2))
    file = CelFile(path)
    assert (ids(file)[0], file.garbage) == (["pbx-1.1", "pbx-1.2"], 0)


def test_nul_bytes_and_bytes_that_are_no_utf8_do_no_harm(path: Path) -> None:
    path.write_bytes(line(1) + b"\0" * 4096 + line(2, "?").replace(b"?", b"\xff\xfe"))
    events, _ = CelFile(path).read_from(0)
    assert [event.unique_id for event in events] == ["pbx-1.1", "pbx-1.2"]
    assert events[1].caller_name == "\ufffd\ufffd"


def test_garbage_lines_are_counted_and_skipped(path: Path) -> None:
    path.write_bytes(b"not ours\n" + line(1) + line(2, event="NEW_KIND") + line(3))
    file = CelFile(path)
    assert ids(file)[0] == ["pbx-1.1", "pbx-1.3"]
    assert file.garbage == 2


def test_a_shorter_file_and_another_file_are_read_from_the_start(path: Path) -> None:
    file = CelFile(path)
    path.write_bytes(line(1) + line(2))
    _, offset = file.read_from(0)
    path.write_bytes(line(3))
    assert ids(file, offset)[0] == ["pbx-1.3"]
    other = path.with_name("new")
    other.write_bytes(line(4) + line(5) + line(6))
    other.rename(path)
    assert ids(file, len(line(3)))[0] == ["pbx-1.4", "pbx-1.5", "pbx-1.6"]
    assert file.rotations == 2


@settings(deadline=None, max_examples=60)
@given(names=st.lists(st.text(max_size=30), min_size=1, max_size=8), data=st.data())
def test_read_in_any_pieces_each_event_comes_once(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cel") / "cel.csv"
    whole = b"".join(line(number, name) for number, name in enumerate(names))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    file, offset, seen = CelFile(path), 0, []
    for cut in [*cuts, len(whole)]:
        path.write_bytes(whole[:cut])
        more, offset = ids(file, offset)
        seen += more
    assert seen == [f"pbx-1.{number}" for number in range(len(names))]
    assert (file.garbage, file.rotations) == (0, 0)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_survived_and_what_follows_is_read(
    tmp_path_factory: pytest.TempPathFactory, rubbish: bytes
) -> None:
    path = tmp_path_factory.mktemp("cel") / "cel.csv"
    path.write_bytes(rubbish.rstrip(b'"') + b"\n" + line(7))
    assert ids(CelFile(path))[0][-1:] == ["pbx-1.7"]
