"""Room casework/suggestions: a word list from YAML; every mistake is named with its line."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from casework.suggestions.words import Spoken, WordList

OWN = Path(__file__).parent / "words.yaml"
_Place = tuple[str, ...]


class WordsWrong(ValueError):
    """The file was refused. One line for each mistake, in the order of the file."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        self.problems = sorted(problems)
        super().__init__(
            "\n".join(f"第 {line} 行 / line {line}, {text}" for line, text in self.problems)
        )


def read_words_file(path: Path) -> WordList:
    """`WordsWrong` names the file too; a file that cannot be read is one mistake in line 1."""
    try:
        return read_words(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WordsWrong([(1, f"{path}: {type(error).__name__}")]) from None


@lru_cache(maxsize=1)
def own_words() -> WordList:
    """The list that comes with the program."""
    return read_words_file(OWN)


def read_words(text: str) -> WordList:
    """`WordsWrong` where it is no YAML, or not what `WordList` asks for."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise WordsWrong([(line, "不是有效的 YAML / not valid YAML")]) from None
    if not isinstance(root, yaml.MappingNode):
        raise WordsWrong([(1, "应为 units、categories 等字段 / fields expected")])
    if twice := list(_twice(root)):
        raise WordsWrong(twice)
    lines = dict(_lines(root, ()))
    try:
        words = WordList.model_validate({**data, "digest": sha256(text.encode()).hexdigest()})
    except ValidationError as error:
        raise WordsWrong(
            [
                (_line(lines, mistake["loc"]), f"{_named(mistake['loc'])}: {mistake['msg']}")
                for mistake in error.errors()
            ]
        ) from None
    if wrong := [(_line(lines, place), text) for place, text in _contradictions(words)]:
        raise WordsWrong(wrong)
    return words


def _lines(node: yaml.Node, place: _Place) -> Iterator[tuple[_Place, int]]:
    """Where each value begins, and each key."""
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _lines(item, (*place, str(position)))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value))
            yield from _lines(value, inner)
            yield inner, key.start_mark.line + 1


def _twice(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Keys that stand twice in one place: YAML itself would keep the last and say nothing."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield key.start_mark.line + 1, f"写了两次 / written twice: {key.value}"
            seen.add(str(key.value))
            yield from _twice(value)


def _line(lines: dict[_Place, int], place: tuple[Any, ...]) -> int:
    """The line of the nearest thing that stands in the file."""
    known = tuple(str(part) for part in place if part != "[key]")
    return next(lines[known[:n]] for n in range(len(known), -1, -1) if known[:n] in lines)


def _named(place: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in place if part != "[key]")


def _contradictions(words: WordList) -> Iterator[tuple[_Place, str]]:
    """What is well-formed and still cannot be meant."""
    for upper, category in words.categories.items():
        for lower, kind in category.kinds.items():
            place = ("categories", upper, "kinds", lower)
            if kind.unit is not None and kind.unit not in words.units:
                told = f"没有这个承办单位 / no such unit: {kind.unit}"
                yield (*place, "unit"), f"{'.'.join(place)}.unit: {told}"
            yield from _repeated(place, kind)
    for unit_id, unit in words.units.items():
        yield from _repeated(("units", unit_id), unit)
    for topic_id, topic in words.topics.items():
        yield from _repeated(("topics", topic_id), topic)
    for position, rule in enumerate(words.urgency):
        yield from _repeated(("urgency", str(position)), rule)


def _repeated(place: _Place, spoken: Spoken) -> Iterator[tuple[_Place, str]]:
    seen: set[str] = set()
    for weight, words in spoken.words.items():
        here = (*place, "words", str(weight))
        if weight == 0:
            yield here, f"{_named(here)}: 权重不能为 0 / a weight of 0 says nothing"
        for word in words:
            if word in seen:
                yield here, f"{_named(here)}: 写了两次 / written twice: {word}"
            seen.add(word)
