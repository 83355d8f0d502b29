"""A ticket's title: the citizen's first sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.tickets.title import LONGEST, title_of

TITLES = {
    "nothing said": ([], ""),
    "only openings": (["喂，你好。", "嗯。"], ""),
    "openings go": (["喂，您好，请问，我家楼下的路灯三天不亮了。"], "我家楼下的路灯三天不亮了。"),
    "no punctuation": (["喂 你好 那个 小区路灯坏了很久没人修理"], "小区路灯坏了很久没人修理"),
    "short ones are joined": (["你好。", "灯坏了。", "在东门路。"], "灯坏了。在东门路。"),
    "long enough alone": (["荔城区东门路口的路灯坏了。", "第二句。"], "荔城区东门路口的路灯坏了。"),
    "cut": (["东" * 50], "东" * 39 + "…"),
    "only looks like an opening": (["喂养流浪猫的人太多了影响人"], "喂养流浪猫的人太多了影响人"),
    "another": (["你好像没有听懂我说的这个意思"], "你好像没有听懂我说的这个意思"),
}  # fmt: skip


@pytest.mark.parametrize("case", TITLES)
def test_titles(case: str) -> None:
    sentences, title = TITLES[case]
    assert title_of(sentences) == title


@given(st.lists(st.text(alphabet="喂你好嗯那个路灯坏了。， x")))
def test_a_title_always_fits(sentences: list[str]) -> None:
    assert len(title_of(sentences)) <= LONGEST
