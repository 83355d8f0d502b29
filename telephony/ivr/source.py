"""Room telephony/ivr: reads a flow's file; whatever is wrong is told with file, line and reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from telephony.ivr.flow import Fault, Flow, World, faults


@dataclass(frozen=True)
class Mistake:
    """One thing to mend."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class FlowBroken(ValueError):
    """The flow is not taken; `mistakes` in the order of the file."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes), key=lambda m: (m.line, m.reason))
        super().__init__("\n".join(map(str, self.mistakes)))


def read_flow(path: Path, world: World) -> Flow:
    """The checked flow of a file, or `FlowBroken`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FlowBroken([Mistake(str(path), 1, str(error))]) from None
    return parse_flow(text, str(path), world)


def parse_flow(text: str, file: str, world: World) -> Flow:
    """The checked flow of a text; `file` is what mistakes are told by."""
    lines = _Lines(file)
    try:
        _refuse_aliases(text, file)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        raise FlowBroken([Mistake(file, mark.line + 1 if mark else 1, str(reason))]) from None
    if not isinstance(root, yaml.MappingNode):
        raise FlowBroken([Mistake(file, 1, "not a flow: a table with flow, start, nodes")])
    data = lines.value(root, ())
    if lines.mistakes:
        raise FlowBroken(lines.mistakes)
    try:
        flow = Flow.model_validate(data)
    except ValidationError as error:
        raise FlowBroken([lines.of(f) for f in map(_as_fault, error.errors())]) from None
    found = faults(flow, world)
    if found:
        raise FlowBroken([lines.of(fault) for fault in found])
    return flow


def _refuse_aliases(text: str, file: str) -> None:
    """A flow says everything where it stands; and an alias may hold itself."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise FlowBroken([Mistake(file, line, f"aliases (*{event.anchor}) are not taken")])


def _as_fault(error: Any) -> Fault:
    path = tuple(error["loc"])
    # A node's kind stands in pydantic's path, not in the file.
    if len(path) > 2 and path[0] == "nodes":
        path = (*path[:2], *path[3:])
    if path and path[-1] == "[key]":
        path = path[:-1]
    where = ".".join(str(part) for part in path)
    return Fault(path, f"{where}: {error['msg']}" if where else str(error["msg"]))


class _Lines:
    """Turns YAML nodes into plain values and remembers on which line each stands."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._lines: dict[tuple[str | int, ...], int] = {(): 1}
        self.mistakes: list[Mistake] = []

    def value(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, n)) for n, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in found:
                self.mistakes.append(Mistake(self._file, line, f"{key} is there twice"))
            self._lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def of(self, fault: Fault) -> Mistake:
        """The fault with its line, or with that of the nearest thing around it."""
        path = fault.path
        while path not in self._lines:
            path = path[:-1]
        reason = fault.reason
        if path[:1] == ("nodes",) and len(path) > 1 and not reason.startswith("nodes."):
            reason = f"{path[1]}: {reason}"
        return Mistake(self._file, self._lines[path], reason)


def _scalar(node: yaml.Node) -> Any:
    if node.tag == "tag:yaml.org,2002:null":
        return None
    # Words as they were written: 06:00 is a time, 0594 a number's beginning, on and off words.
    return str(node.value)
