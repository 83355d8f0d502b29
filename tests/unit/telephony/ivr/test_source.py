"""A flow that is wrong is refused with file, line and reason; the table has one fault a row."""

import re

import pytest

from telephony.ivr.flow import World
from telephony.ivr.source import FlowBroken, parse_flow

WORLD = World(
    seconds={
        "notice": 5.5, "long": 6.4, "mute": 1.0, "more": 2.0, "topic_general": 1.0,
    },
    words={"notice": "通话将被录音", "long": "录音", "mute": "您好"},
    allowed=(re.compile("6[0-9]{3}"),),
    questions=frozenset({"progress"}),
)  # fmt: skip

GOOD = """\
flow: city
start: hello
nodes:
  hello:
    kind: keys
    say: [notice]
    keys: {1: office, "*": hello}
    next: person
  office: {kind: connect, wish: petition, unit: petition, next: person}
  person: {kind: queue}
"""


def changed(old: str, new: str) -> str:
    assert old in GOOD, old
    return GOOD.replace(old, new)


def test_a_good_flow_is_taken() -> None:
    flow = parse_flow(GOOD, "good.yaml", WORLD)
    assert set(flow.nodes) == {"hello", "office", "person"}
    assert [(r.label, r.to) for r in flow.nodes["hello"].roads()] == [
        ("1", "office"), ("*", "hello"), ("", "person"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "not a flow"),
        ("- 1", 1, "not a flow"),
        ("flow: [", 1, "expected the node content"),
        (changed("start: hello", "start: helo"), 2, "no such node: helo"),
        (changed("start: hello", "start: hello\nafter: gone"), 3, "no such node: gone"),
        (changed("flow: city", "flow: 城市"), 1, "flow: String should match"),
        (changed("flow: city", "flow: city\ncolour: red"), 2, "Extra inputs are not permitted"),
        (changed("next: person\n  office", "next: persn\n  office"), 8, "no such node: persn"),
        (changed("{1: office", "{1: ofice"), 7, "leads (1) to no such node: ofice"),
        (changed("{1: office", "{12: office"), 7, "String should match pattern"),
        (changed("    kind: keys\n", ""), 4, "kind"),
        (changed("kind: keys", "kind: menu"), 4, "'menu'"),
        (changed("say: [notice]", "says: [notice]"), 6, "Extra inputs"),
        (changed("say: [notice]", "say: [notize]"), 4, "no such prompt: notize"),
        (changed("say: [notice]", "say: [long]"), 4, "takes 6.4 s"),
        (changed("say: [notice]", "say: [notice, more]"), 4, "takes 7.5 s"),
        (changed("say: [notice]", "say: [mute]"), 4, "does not say that the call is recorded"),
        (changed("say: [notice]", 'say: ["x),Hangup("]'), 6, "String should match pattern"),
        (changed("wish: petition", "wish: petition, topic: fish"), 9, "topic_fish"),
        (changed("unit: petition", "unit: 'a b'"), 9, "unit: String should match"),
        (changed("{kind: queue}", "{kind: queue, next: hello}"), 10, "Extra inputs"),
        (GOOD + "  alone: {kind: queue}\n", 11, "no road leads here"),
        (GOOD + "  person: {kind: message}\n", 11, "person is there twice"),
        (changed("person: {kind: queue}", "person: {kind: language, language: en, next: hello}"),
         4, "in a circle without any key: hello → person → hello"),
        (changed("{kind: queue}",
                 "{kind: transfer, number: '110', next: end}\n  end: {kind: queue}"),
         10, "110 is not among the numbers"),
        (changed("{kind: queue}",
                 "{kind: ask, question: weather, answers: {a: end}, no_answer: end}\n"
                 "  end: {kind: queue}"),
         10, "nobody answers this; known: progress"),
        (changed("{kind: queue}",
                 "{kind: ask, question: progress, collected: no, answers: {a: end},"
                 " no_answer: end}\n  end: {kind: queue}"),
         10, "no node collects no"),
        (changed("{kind: queue}",
                 "{kind: ask, question: progress, seconds: 3, answers: {a: end},"
                 " no_answer: end}\n  end: {kind: queue}"),
         10, "less than or equal to 2"),
        (changed("say: [notice]", "say: &x [notice]\n    keys2: *x"), 7, "aliases"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(FlowBroken) as broken:
        parse_flow(text, "city.yaml", WORLD)
    told = [str(mistake) for mistake in broken.value.mistakes]
    assert any(one.startswith(f"city.yaml:{line}: ") and reason in one for one in told), told


def test_every_mistake_is_told_at_once() -> None:
    text = changed("kind: queue", "kind: queue, a: b").replace("flow: city", "flow: C")
    with pytest.raises(FlowBroken) as broken:
        parse_flow(text, "city.yaml", WORLD)
    assert [mistake.line for mistake in broken.value.mistakes] == [1, 10]
