"""`hotline suggest`: what a person sees, and what they are told when a word list is wrong."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.cli import load
from hotline.settings import SettingsWrong, load_settings

WRONG = "version: a\nunits: {}\ncategories: 7\n"


def test_suggestions_with_their_reasons() -> None:
    shown = CliRunner().invoke(load(), ["suggest", "厨房有很重的煤气味，在荔城区"])
    assert shown.exit_code == 0, shown.output
    assert "承办单位 / unit: 住房和城乡建设局" in shown.output
    assert "煤气味 +" in shown.output
    assert "建议转接 / hand over to 119" in shown.output


def test_a_wrong_list_is_told_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(WRONG, "utf-8")
    shown = CliRunner().invoke(load(), ["suggest", "路灯不亮", "--words", str(file)])
    assert shown.exit_code == 1
    assert "line 2, units" in shown.output
    assert "line 3, categories" in shown.output
    assert "Traceback" not in shown.output


def test_a_wrong_list_stops_the_start_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(WRONG, "utf-8")
    monkeypatch.setenv("HOTLINE_SUGGESTION_WORDS", str(file))
    with pytest.raises(SettingsWrong, match=r"HOTLINE_SUGGESTION_WORDS: .*line 2"):
        load_settings()
