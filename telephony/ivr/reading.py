"""Room telephony/ivr: what a flow said in Asterisk's event file → facts.

Each word's text is `<version> <node> …`, written by telephony/ivr/compile.py.
"""

from collections.abc import Callable
from datetime import datetime

from store.facts import Fact
from telephony import dialplan
from telephony.ivr import facts as f


def flow_facts(word: str, at: datetime, call_id: str, text: str) -> list[Fact]:
    """The facts of one line; none where it is not as a flow writes it."""
    fields = text.split()
    try:
        return [_MAKE[word](at, call_id, fields)]
    except (IndexError, ValueError):
        return []


def _node(at: datetime, call_id: str, x: list[str]) -> Fact:
    return f.FlowNodeEntered(at=at, call_id=call_id, flow=x[0], node=x[1])


def _key(at: datetime, call_id: str, x: list[str]) -> Fact:
    return f.FlowKeyPressed(at=at, call_id=call_id, flow=x[0], node=x[1], key=x[2])


def _digits(at: datetime, call_id: str, x: list[str]) -> Fact:
    return f.FlowDigitsTyped(at=at, call_id=call_id, flow=x[0], node=x[1], count=int(x[2]))


def _answer(at: datetime, call_id: str, x: list[str]) -> Fact:
    answer = x[3] if len(x) > 3 else ""
    return f.FlowAnswered(
        at=at, call_id=call_id, flow=x[0], node=x[1], question=x[2], answer=answer
    )


def _wish(at: datetime, call_id: str, x: list[str]) -> Fact:
    return f.WishStated(
        at=at, call_id=call_id, flow=x[0], node=x[1], wish=x[2],
        unit_id=None if x[3] == "-" else x[3], topic=x[4], priority=int(x[5]),
    )  # fmt: skip


def _rated(at: datetime, call_id: str, x: list[str]) -> Fact:
    return f.CallRated(at=at, call_id=call_id, flow=x[0], node=x[1], rating=int(x[2]))


_MAKE: dict[str, Callable[[datetime, str, list[str]], Fact]] = {
    dialplan.FLOW_NODE: _node,
    dialplan.FLOW_KEY: _key,
    dialplan.FLOW_DIGITS: _digits,
    dialplan.FLOW_ANSWER: _answer,
    dialplan.WISH: _wish,
    dialplan.RATED: _rated,
}
FLOW_WORDS = frozenset(_MAKE)
