"""A word list of a city's own: every mistake with its line."""

from pathlib import Path

import pytest

from casework.suggestions.reading import WordsWrong, own_words, read_words, read_words_file

RIGHT = """version: town-1
units:
  market: {name: 市场监管局, words: {6: [市监局]}}
categories:
  trade:
    name: 市场
    kinds:
      price: {name: 价格, unit: market, words: {4: [涨价], -2: [停车费]}}
"""


def test_a_small_list_is_enough() -> None:
    words = read_words(RIGHT)
    assert words.choices()["category"] == {"trade/price": "市场／价格"}
    assert words.stamp.startswith("town-1+")


def test_two_texts_never_share_a_stamp() -> None:
    assert read_words(RIGHT).stamp != read_words(RIGHT.replace("涨价", "加价")).stamp
    assert len(own_words().stamp) <= 40


WRONG = {
    "unknown unit": (RIGHT.replace("unit: market", "unit: moon"), 8, "moon"),
    "weight": (RIGHT.replace("{6:", "{60:"), 3, "units.market.words"),
    "weight of none": (RIGHT.replace("{6:", "{0:"), 3, "0"),
    "word is a number": (RIGHT.replace("市监局", "12345"), 3, "units.market.words.6.0"),
    "blank in a word": (RIGHT.replace("市监局", "市 监 局"), 3, "units.market.words.6.0"),
    "half a pair": (RIGHT.replace("市监局", "市监局+"), 3, "units.market.words.6.0"),
    "twice": (RIGHT.replace("[涨价]", "[涨价, 涨价]"), 8, "涨价"),
    "a key twice": (RIGHT + "version: b\n", 9, "version"),
    "strange field": (RIGHT + "unites: {}\n", 9, "unites"),
    "no name": (RIGHT.replace("    name: 市场\n", ""), 5, "categories.trade.name"),
    "level": (
        RIGHT + "urgency:\n  - {id: a, name: 甲, level: now, words: {4: [火]}}\n", 10, "level",
    ),
    "no units": ("version: a\n", 1, "units"),
    "no YAML": ("units: [", 1, "YAML"),
    "a list": ("- 1\n", 1, "fields"),
    "endless": ("[" * 5000, 1, "YAML"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_every_mistake_is_named_with_its_line(case: str) -> None:
    text, line, told = WRONG[case]
    with pytest.raises(WordsWrong) as caught:
        read_words(text)
    assert any(found == line and told in words for found, words in caught.value.problems), str(
        caught.value
    )


def test_several_mistakes_are_told_at_once() -> None:
    text = RIGHT.replace("{6:", "{60:").replace("name: 价格, ", "")
    with pytest.raises(WordsWrong) as caught:
        read_words(text)
    assert [line for line, _ in caught.value.problems] == [3, 8]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordsWrong, match="FileNotFoundError"):
        read_words_file(tmp_path / "none.yaml")
