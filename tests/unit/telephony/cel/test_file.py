"""The file reader against everything a power cut and a stranger's name can do to a file."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.cel.events import CEL_COLUMNS
from telephony.cel.file import CelFile, Mark

NEW = Mark()


def line(number: int = 1, name: str = "", event: str = "HANGUP", exten: str = "") -> bytes:
    values = dict.fromkeys(CEL_COLUMNS, "")
    values |= {"name": event, "time": f"1795511791.{number:06d}", "unique_id": f"pbx-1.{number}"}
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
        (values | {"caller_name": name, "exten": exten}).values()
    )
    return out.getvalue().encode()


def ids(file: CelFile, mark: Mark = NEW) -> tuple[list[str], Mark]:
    events, mark = file.read_from(mark)
    return [event.unique_id for event in events], mark


def all_ids(file: CelFile, mark: Mark = NEW) -> tuple[list[str], Mark]:
    """Read on until the mark stays, as the controller does."""
    found: list[str] = []
    while True:
        more, after = ids(file, mark)
        found += more
        if after == mark:
            return found, mark
        mark = after


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def test_no_file_yet_is_no_event(path: Path) -> None:
    assert CelFile(path).read_from(NEW) == ([], NEW)


def test_a_line_that_is_not_whole_waits(path: Path) -> None:
    whole, half = line(1), line(2)
    file = CelFile(path)
    path.write_bytes(whole + half[:-1])
    seen, mark = ids(file)
    assert (seen, mark.offset) == (["pbx-1.1"], len(whole))
    path.write_bytes(whole + half)
    seen, mark = ids(file, mark)
    assert (seen, mark.offset) == (["pbx-1.2"], len(whole + half))
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
    events, mark = CelFile(path).read_from(NEW)
    assert [event.caller_name for event in events] == [name, ""]
    assert mark.offset == path.stat().st_size


def test_a_dialled_number_that_looks_like_a_time_does_not_cut_the_record(path: Path) -> None:
    path.write_bytes(line(1, "HANGUP", exten="1795511791.000009") + line(2))
    file = CelFile(path)
    assert (ids(file)[0], file.garbage) == (["pbx-1.1", "pbx-1.2"], 0)


def test_nul_bytes_and_bytes_that_are_no_utf8_do_no_harm(path: Path) -> None:
    path.write_bytes(line(1) + b"\0" * 4096 + line(2, "?").replace(b"?", b"\xff\xfe"))
    events, _ = CelFile(path).read_from(NEW)
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
    _, mark = file.read_from(NEW)
    path.write_bytes(line(3))
    seen, mark = ids(file, mark)
    assert seen == ["pbx-1.3"]
    other = path.with_name("new")
    other.write_bytes(line(4) + line(5) + line(6))
    other.rename(path)
    seen, mark = ids(file, mark)
    assert seen == ["pbx-1.4", "pbx-1.5", "pbx-1.6"]
    path.write_bytes(line(4))
    assert ids(file, mark)[0] == ["pbx-1.4"], "the same file, but shorter"
    assert file.begun_anew == 3


def test_a_file_renamed_by_anybody_is_read_to_its_end_before_the_next(path: Path) -> None:
    # Also by a program that starts only afterwards: two renamings were missed.
    path.write_bytes(line(1) + line(2))
    _, mark = ids(CelFile(path))
    with path.open("ab") as file:
        file.write(line(3))
    path.rename(path.with_name("cel.csv.1"))
    assert CelFile(path).unread(mark) == len(line(3))
    seen, mark = all_ids(CelFile(path), mark)
    assert seen == ["pbx-1.3"]
    with path.with_name("cel.csv.1").open("ab") as file:  # whoever had it open writes on
        file.write(line(4))
    assert all_ids(CelFile(path), mark)[0] == ["pbx-1.4"]
    path.write_bytes(line(5) + line(6))
    path.rename(path.with_name("cel.csv.0"))
    path.write_bytes(line(7))
    assert CelFile(path).unread(mark) == sum(len(line(n)) for n in (4, 5, 6, 7))
    file = CelFile(path)
    seen, mark = all_ids(file, mark)
    assert seen == ["pbx-1.4", "pbx-1.5", "pbx-1.6", "pbx-1.7"]
    assert (file.begun_anew, file.unread(mark)) == (0, 0)


def test_a_long_file_is_put_aside_once_it_is_read_and_old_ones_go(path: Path) -> None:
    file = CelFile(path, rotate_at=2 * len(line(1)), keep=2)
    mark, seen = NEW, []
    for number in range(1, 20):
        with path.open("ab") as written:
            written.write(line(number))
        more, mark = all_ids(file, mark)
        seen += more
        file.rotate(mark)
        # What happens twice is done once.
        assert not file.rotate(mark)
    assert seen == [f"pbx-1.{number}" for number in range(1, 20)]
    assert len(list(path.parent.iterdir())) <= 4
    assert file.begun_anew == 0


def test_a_file_that_is_not_read_to_its_end_is_not_put_aside_too_early(path: Path) -> None:
    file = CelFile(path, rotate_at=len(line(1)))
    path.write_bytes(line(1))
    _, mark = all_ids(file)
    with path.open("ab") as written:
        written.write(line(2))
    # Put aside with a line nobody has read: it is read there.
    assert file.rotate(mark)
    assert all_ids(file, mark)[0] == ["pbx-1.2"]


@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_killed_anywhere_each_event_counts_once(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Writing, renaming, reading, and a reader that is killed before its mark was kept."""
    path = tmp_path_factory.mktemp("cel") / "cel.csv"
    written, kept, mark = 0, [], NEW
    file = CelFile(path, rotate_at=3 * len(line(1)), keep=1)
    for step in data.draw(st.lists(st.sampled_from("wwwrrokm"), max_size=40)):
        match step:
            case "w":
                with path.open("ab") as writing:
                    writing.write(line(written))
                written += 1
            case "r":
                more, mark = ids(file, mark)
                kept += more
            case "o":
                file.rotate(mark)
            case "k":  # read, but killed before it was written down; and a new reader
                ids(file, mark)
                file = CelFile(path, rotate_at=3 * len(line(1)), keep=1)
            case "m" if path.exists():  # somebody else renames it
                path.rename(path.with_name(f"cel.csv.{written}-{len(kept)}-{mark.offset}"))
    with path.open("ab") as writing:
        writing.write(line(written))
    kept += all_ids(file, mark)[0]
    assert kept == [f"pbx-1.{number}" for number in range(written + 1)]


@settings(deadline=None, max_examples=60)
@given(names=st.lists(st.text(max_size=30), min_size=1, max_size=8), data=st.data())
def test_read_in_any_pieces_each_event_comes_once(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cel") / "cel.csv"
    whole = b"".join(line(number, name) for number, name in enumerate(names))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    file, mark, seen = CelFile(path), NEW, []
    for cut in [*cuts, len(whole)]:
        path.write_bytes(whole[:cut])
        more, mark = ids(file, mark)
        seen += more
    assert seen == [f"pbx-1.{number}" for number in range(len(names))]
    assert (file.garbage, file.begun_anew) == (0, 0)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_survived_and_what_follows_is_read(
    tmp_path_factory: pytest.TempPathFactory, rubbish: bytes
) -> None:
    path = tmp_path_factory.mktemp("cel") / "cel.csv"
    path.write_bytes(rubbish.rstrip(b'"') + b"\n" + line(7))
    assert ids(CelFile(path))[0][-1:] == ["pbx-1.7"]
