"""Whatever lies in the spool is found; what has no proper name is told."""

from pathlib import Path

import pytest

from recording.spool import (
    UNKNOWN,
    BadCallId,
    checked_call_id,
    find_calls,
    find_tracks,
    on_one_clock,
)

CALL = "pbx-1764000000.12"


def test_tracks_are_found_and_bad_names_are_kept(tmp_path: Path) -> None:
    good = "citizen~1764000000123~pbx-1764000000.12~said.wav"
    strange_role = "martian~1764000000123~pbx-1764000000.13~said.wav"
    (tmp_path / "below").mkdir()
    for name in (good, strange_role, "core.1234", "below/x.wav"):
        (tmp_path / name).write_bytes(b"")
    found = {t.source: (t.role, t.leg_id, t.start_ms, t.problem is None) for t in
             find_tracks(tmp_path)}  # fmt: skip
    assert found == {
        good: ("citizen", "pbx-1764000000.12", 1764000000123, True),
        strange_role: (UNKNOWN, "pbx-1764000000.13", 1764000000123, False),
        "core.1234": (UNKNOWN, None, None, False),
        "below/x.wav": (UNKNOWN, None, None, False),
    }


def test_strange_entries_of_the_spool_are_told(tmp_path: Path) -> None:
    (tmp_path / CALL).mkdir()
    (tmp_path / "a call?").mkdir()
    (tmp_path / "link-1.2").symlink_to(tmp_path / CALL)
    (tmp_path / "stray.wav").write_bytes(b"")
    report = find_calls(tmp_path)
    assert report.calls == [tmp_path / CALL]
    assert len(report.problems) == 3


def test_no_spool_is_no_calls(tmp_path: Path) -> None:
    assert find_calls(tmp_path / "none").calls == []


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "../x", "a/b", "a..b", ".a", "a.", "a\n", "a" * 129]
)
def test_a_call_id_never_names_another_place(bad: str) -> None:
    with pytest.raises(BadCallId):
        checked_call_id(bad)


def test_a_real_call_id_passes() -> None:
    assert checked_call_id(CALL) == CALL


def test_tracks_after_a_step_of_the_clock_lie_as_if_there_had_been_none(tmp_path: Path) -> None:
    for name in ("citizen~1764000000000~c.1~said.wav", "liaison~1764003605000~l.1~said.wav"):
        (tmp_path / name).write_bytes(b"")
    placed = on_one_clock(find_tracks(tmp_path), {"l.1": 3_600_000, "other": 5})
    assert [(t.start_ms, t.step_ms) for t in placed] == [
        (1764000000000, 0), (1764000005000, 3_600_000),
    ]  # fmt: skip
