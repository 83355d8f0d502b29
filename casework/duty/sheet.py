"""Room casework/duty: a roster's YAML as rows of plain text that know their lines.

Values are taken as they were written: `20:00` is not the number 1200, `no` not a
falsehood, `06101` keeps its nought. So nobody has to know when to quote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from casework.duty.problems import Problem, RosterWrong

HEAD_FIELDS = frozenset({"internal_numbers", "units", "shifts"})
_NOTHING = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Row:
    """One row, or the file's own head."""

    name: str
    line: int
    fields: Mapping[str, yaml.Node]

    def text(self, field: str, default: str = "") -> str:
        """The value as written; the default where it is left out; empty for a list."""
        node = self.fields.get(field)
        if node is None:
            return default
        return _text(node)

    def words(self, field: str) -> list[str]:
        """The values of a list, or the single one as a list."""
        node = self.fields.get(field)
        if isinstance(node, yaml.SequenceNode):
            return [_text(item) for item in node.value]
        return [self.text(field)]

    def problem(self, field: str, text: str) -> Problem:
        """Something is wrong with this field, or with the row if the field is empty."""
        node = self.fields.get(field)
        return Problem(self.name, field, text, _line(node) if node is not None else self.line)


@dataclass
class Sheet:
    """The file's rows, and what is wrong with their form."""

    head: Row
    units: list[Row] = field(default_factory=list)
    shifts: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_sheet(text: str, unit_fields: frozenset[str], shift_fields: frozenset[str]) -> Sheet:
    """`RosterWrong` where the text is no YAML, or no table with units and shifts."""
    root = _root(text)
    problems: list[Problem] = []
    head = _row("file", root, HEAD_FIELDS, problems)
    if head is None:
        raise RosterWrong(
            [Problem("file", "", "应为含 units 与 shifts 的表 / units and shifts expected", 1)]
        )
    sheet = Sheet(head, problems=problems)
    sheet.units = _rows(head, "units", unit_fields, problems)
    sheet.shifts = _rows(head, "shifts", shift_fields, problems)
    return sheet


def _root(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = Problem("file", "", "不是有效的 YAML / not valid YAML", line)
        raise RosterWrong([problem]) from None


def _rows(
    head: Row, name: str, known: frozenset[str], problems: list[Problem]
) -> list[Row]:  # fmt: skip
    node = head.fields.get(name)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        problems.append(head.problem(name, "缺失或不是列表 / missing, or not a list"))
        return []
    found = (
        _row(f"{name}[{position}]", item, known, problems)
        for position, item in enumerate(node.value, 1)
    )
    return [row for row in found if row is not None]


def _row(
    name: str, node: yaml.Node | None, known: frozenset[str], problems: list[Problem]
) -> Row | None:
    line = _line(node) if node is not None else 1
    if not isinstance(node, yaml.MappingNode):
        problems.append(Problem(name, "", "应为若干 字段: 值 / fields expected", line))
        return None
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        field = _text(key)
        if field not in known:
            problems.append(Problem(name, field, "没有这个字段 / no such field", _line(key)))
        elif field in fields:
            problems.append(Problem(name, field, "写了两次 / written twice", _line(key)))
        else:
            fields[field] = value
    return Row(name, line, fields)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == _NOTHING:
        return ""
    return str(node.value).strip()


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
