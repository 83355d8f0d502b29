"""Room telephony/ivr: a flow as a picture in Mermaid's words, for a page, an issue, a wall."""

from collections.abc import Callable, Iterator
from typing import Any

from telephony.ivr import nodes as n
from telephony.ivr.flow import Flow
from telephony.ivr.prompts import said

# Mermaid shapes: what the caller decides is a rhombus, where the flow ends is round.
_ENDS = (n.Queue, n.Message, n.HangUp)
_DECIDES = (n.Keys, n.Collect, n.Rate)
_ASKS = (n.Ask, n.Hours)


def mermaid(flow: Flow) -> str:
    """`flowchart TD …`. Dotted: the caller pressed nothing."""
    lines = ["flowchart TD", f'  call(["{_plain(flow.title or flow.flow)}"]) --> {_id(flow.start)}']
    if flow.after:
        lines.append(f'  left(["挂机后 / the others have left"]) --> {_id(flow.after)}')
    for name, node in flow.nodes.items():
        lines.append(f"  {_id(name)}{_shape(name, node)}")
        lines += [f"  {_id(name)} {line}" for line in _roads(node)]
    return "\n".join(lines) + "\n"


def _id(name: str) -> str:
    # `end`, `call` and such are words of Mermaid's own.
    return f"n_{name}"


def _shape(name: str, node: Any) -> str:
    text = f"<b>{name}</b><br/>{_what(node)}"
    if isinstance(node, _ENDS):
        return f'(["{text}"])'
    if isinstance(node, _DECIDES):
        return f'{{{{"{text}"}}}}'
    if isinstance(node, _ASKS):
        return f'{{"{text}"}}'
    return f'["{text}"]'


def _what(node: Any) -> str:
    words = [_WORDS[type(node)](node), *said(node.prompts()[:2])]
    return "<br/>".join(_plain(word) for word in words if word)


def _roads(node: Any) -> Iterator[str]:
    by_target: dict[tuple[str, bool], list[str]] = {}
    for road in node.roads():
        by_target.setdefault((road.to, road.automatic), []).append(road.label)
    for (to, automatic), labels in by_target.items():
        label = " ".join(label for label in labels if label)
        arrow = "-.->" if automatic and isinstance(node, _DECIDES) else "-->"
        yield f'{arrow}|"{_plain(label)}"| {_id(to)}' if label else f"{arrow} {_id(to)}"


def _plain(text: str) -> str:
    for char, word in (
        ("&", "&amp;"),
        ('"', "&quot;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("#", "&#35;"),
    ):
        text = text.replace(char, word)
    return text


_WORDS: dict[type[Any], Callable[[Any], str]] = {
    n.Say: lambda _: "",
    n.Keys: lambda _: "",
    n.Collect: lambda node: f"{node.least}–{node.most} 位数字 / digits",
    n.Ask: lambda node: f"问 / ask: {node.question} ≤ {node.seconds:g} s",
    n.Mark: lambda node: f"标记 / mark: {node.topic}, +{node.priority}",
    n.Connect: lambda node: f"接通 / ring with the operator: {node.unit}",
    n.Language: lambda node: f"语言 / language: {node.language}",
    n.Hours: lambda node: "; ".join(f"{' '.join(o.days)} {o.start}–{o.end}" for o in node.open),
    n.Transfer: lambda node: f"转接 / transfer: {node.number}",
    n.Rate: lambda _: "评价 / rate 1–5",
    n.Queue: lambda _: "话务员 / a person",
    n.Message: lambda _: "留言 / a message",
    n.HangUp: lambda _: "再见 / goodbye",
}
