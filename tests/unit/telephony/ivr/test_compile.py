"""What a flow becomes in the dialplan: each kind of node, word by word; versions; the picture."""

from datetime import date

import pytest

from telephony.ivr.compile import compile_flow
from telephony.ivr.draw import mermaid
from telephony.ivr.flow import Flow
from telephony.ivr.hours import Calendar
from telephony.ivr.prompts import prompt_texts
from telephony.ivr.reading import FLOW_WORDS


def flow(**nodes: object) -> Flow:
    start = {"kind": "say", "say": ["notice"], "next": "one"}
    return Flow.model_validate(
        {"flow": "city", "start": "hello", "nodes": {"hello": start, **nodes}}
    )


END = {"kind": "queue"}


def lines_of(name: str, node: dict[str, object]) -> list[str]:
    """The lines of one node, without its first (which tells that it was entered)."""
    known = Calendar(frozenset({date(2026, 10, 1), date(2026, 10, 10)}))
    compiled = compile_flow(flow(**{name: node, "end": END, "other": END}), known)
    _, _, rest = compiled.text.partition(f"exten => {name},1,")
    first, *lines = rest.split("\n\n")[0].splitlines()
    assert first == f"CELGenUserEvent(FLOW_NODE,{compiled.version} {name})"
    return [line.replace(compiled.version, "V").removeprefix(" same => ") for line in lines]


@pytest.mark.parametrize(
    ("node", "golden"),
    [
        ({"kind": "say", "say": ["more", "less"], "next": "end"},
         ["n,Playback(${SAY}/more&${SAY}/less)", "n,Goto(end,1)"]),
        ({"kind": "keys", "say": ["more"], "keys": {"2": "end", "*": "other"}, "next": "end",
          "wait_seconds": 3},
         ["n,Read(FLOW_KEY,${SAY}/more,1,,1,3)",
          'n,GotoIf($["${FLOW_KEY}" = ""]?end,1)',
          "n,CELGenUserEvent(FLOW_KEY,V one ${FLOW_KEY})",
          'n,GotoIf($["${FLOW_KEY}" = "*"]?other,1)',
          'n,GotoIf($["${FLOW_KEY}" = "2"]?end,1)',
          "n,Goto(end,1)"]),
        ({"kind": "keys", "keys": {"2": "end"}, "next": "end", "wrong_key": "other"},
         ["n,Read(FLOW_KEY,,1,,1,0.2)",
          'n,GotoIf($["${FLOW_KEY}" = ""]?end,1)',
          "n,CELGenUserEvent(FLOW_KEY,V one ${FLOW_KEY})",
          'n,GotoIf($["${FLOW_KEY}" = "2"]?end,1)',
          "n,Goto(other,1)"]),
        ({"kind": "collect", "say": ["more"], "into": "case-number", "least": 3, "most": 9,
          "next": "end", "too_few": "other"},
         ["n,Read(FLOW_CASE_NUMBER,${SAY}/more,9,,1,5)",
          "n,CELGenUserEvent(FLOW_DIGITS,V one ${LEN(${FLOW_CASE_NUMBER})})",
          "n,GotoIf($[${LEN(${FLOW_CASE_NUMBER})} < 3]?other,1)",
          "n,Goto(end,1)"]),
        ({"kind": "ask", "question": "progress", "about": "x", "collected": "case", "seconds": 1.5,
          "answers": {"yes": "end"}, "no_answer": "other"},
         ["n,Set(FLOW_ANSWER=)",
          "n,Set(AGIEXITONHANGUP=yes)",
          "n,Set(FLOW_LATE=one,answered)",
          "n,Set(TIMEOUT(absolute)=1.5)",
          "n,AGI(agi://127.0.0.1:${AGI_PORT}/progress,x,${FILTER(0-9*,${FLOW_CASE})})",
          "n,Set(TIMEOUT(absolute)=0)",
          "n(answered),Set(FLOW_WORD=${FILTER(a-z0-9_\\-,${FLOW_ANSWER})})",
          "n,CELGenUserEvent(FLOW_ANSWER,V one progress ${FLOW_WORD})",
          'n,GotoIf($["${FLOW_WORD}" = ""]?other,1)',
          'n,GotoIf($["${FLOW_WORD}" = "yes"]?end,1)',
          "n,Goto(other,1)"]),
        ({"kind": "mark", "wish": "emergency", "topic": "epidemic", "priority": 20, "next": "end"},
         ["n,CELGenUserEvent(WISH,V one emergency - epidemic 20)", "n,Set(QUEUE_PRIO=20)",
          "n,Set(SKILL=emergency)", "n,Goto(end,1)"]),
        ({"kind": "connect", "wish": "petition", "unit": "petition", "topic": "petition",
          "next": "end"},
         ['n,GotoIf($["${QUEUE}" = "probe"]?end,1)',
          "n,CELGenUserEvent(WISH,V one petition petition petition 0)", "n,Set(SKILL=petition)",
          "n,Goto(end,1)"]),
        ({"kind": "language", "language": "en", "next": "end"},
         ["n,Set(SAY=${SOUNDS}/en)", "n,Goto(end,1)"]),
        ({"kind": "hours", "when_open": "end", "when_closed": "other",
          "open": [{"days": ["mon", "tue"], "from": "08:30", "to": "18:00"},
                   {"days": ["sun"], "from": "20:00", "to": "06:00"},
                   {"days": ["sat"], "from": "00:00", "to": "24:00"},
                   {"days": ["wed"], "from": "09:00", "to": "00:00"}]},
         ["n,Set(FLOW_CLOCK=${STRFTIME(${EPOCH},Asia/Shanghai,%H%M)})",
          "n,Set(FLOW_DAY=${STRFTIME(${EPOCH},Asia/Shanghai,%u)})",
          "n,Set(FLOW_DAY_BEFORE=${STRFTIME($[${EPOCH} - 86400],Asia/Shanghai,%u)})",
          'n,Set(FLOW_OPEN=${REGEX("[12]" ${FLOW_DAY})})',
          "n,GotoIf($[${FLOW_OPEN} & (${FLOW_CLOCK} >= 0830) & (${FLOW_CLOCK} < 1800)]?end,1)",
          'n,Set(FLOW_OPEN=${REGEX("[7]" ${FLOW_DAY})})',
          "n,GotoIf($[${FLOW_OPEN} & (${FLOW_CLOCK} >= 2000) & (${FLOW_CLOCK} < 2400)]?end,1)",
          'n,Set(FLOW_OPEN=${REGEX("[7]" ${FLOW_DAY_BEFORE})})',
          "n,GotoIf($[${FLOW_OPEN} & (${FLOW_CLOCK} >= 0000) & (${FLOW_CLOCK} < 0600)]?end,1)",
          'n,Set(FLOW_OPEN=${REGEX("[6]" ${FLOW_DAY})})',
          "n,GotoIf($[${FLOW_OPEN} & (${FLOW_CLOCK} >= 0000) & (${FLOW_CLOCK} < 2400)]?end,1)",
          'n,Set(FLOW_OPEN=${REGEX("[3]" ${FLOW_DAY})})',
          "n,GotoIf($[${FLOW_OPEN} & (${FLOW_CLOCK} >= 0900) & (${FLOW_CLOCK} < 2400)]?end,1)",
          "n,Goto(other,1)"]),
        ({"kind": "hours", "when_open": "end", "when_closed": "other",
          "open": [{"days": ["workday"], "from": "09:00", "to": "17:00"}]},
         ["n,Set(FLOW_CLOCK=${STRFTIME(${EPOCH},Asia/Shanghai,%H%M)})",
          "n,Set(FLOW_DAY=${STRFTIME(${EPOCH},Asia/Shanghai,%u)})",
          "n,Set(FLOW_WORKS=$[${FLOW_DAY} < 6])",
          'n,ExecIf(${REGEX("&${STRFTIME(${EPOCH},Asia/Shanghai,%Y%m%d)}&"'
          " &20261001&20261010&)}?Set(FLOW_WORKS=$[!${FLOW_WORKS}]))",
          "n,Set(FLOW_DAY=${FLOW_DAY}${IF(${FLOW_WORKS}?w:r)})",
          'n,Set(FLOW_OPEN=${REGEX("[w]" ${FLOW_DAY})})',
          "n,GotoIf($[${FLOW_OPEN} & (${FLOW_CLOCK} >= 0900) & (${FLOW_CLOCK} < 1700)]?end,1)",
          "n,Goto(other,1)"]),
        ({"kind": "transfer", "say": ["more"], "number": "6201", "ring_seconds": 9, "next": "end"},
         ['n,GotoIf($["${QUEUE}" = "probe"]?end,1)', "n,Playback(${SAY}/more)",
          "n,Gosub(transfer,s,1(6201,9))",
          'n,GotoIf($["${DIALSTATUS}" = "ANSWER"]?goodbye,s,1)', "n,Goto(end,1)"]),
        ({"kind": "queue"}, ["n,Goto(queue,s,1)"]),
        ({"kind": "queue", "skill": "tax"}, ["n,Set(SKILL=tax)", "n,Goto(queue,s,1)"]),
        ({"kind": "message"}, ["n,Goto(message,s,1)"]),
        ({"kind": "goodbye"}, ["n,Set(FLOW_AFTER=)", "n,Goto(goodbye,s,1)"]),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_each_kind_of_node(node: dict[str, object], golden: list[str]) -> None:
    assert lines_of("one", node) == golden


def test_a_version_is_what_the_flow_does() -> None:
    say = {"kind": "say", "say": ["more"], "next": "end"}
    one = compile_flow(flow(one=say, end=END))
    same = compile_flow(flow(one=say, end=END))
    other = compile_flow(flow(one={**say, "say": ["less"]}, end=END))
    assert one == same
    assert one.version != other.version
    assert one.context == f"flow-{one.version}"
    assert one.text.count(f"[{one.context}]") == 1
    assert "@version@" not in one.text


def test_a_question_that_is_not_answered_in_time_has_a_way_on() -> None:
    ask = {"kind": "ask", "question": "q", "answers": {"a": "end"}, "no_answer": "end"}
    assert "exten => T,1,Set(TIMEOUT(absolute)=0)" in compile_flow(flow(one=ask, end=END)).text
    assert "exten => T" not in compile_flow(flow(one=END)).text


def test_the_default_flow_says_only_what_is_read_and_is_drawn_whole(default_flow: Flow) -> None:
    text = compile_flow(default_flow).text
    told = {line.split("CELGenUserEvent(")[1].split(",")[0]
            for line in text.splitlines() if "CELGenUserEvent(" in line}  # fmt: skip
    assert told == FLOW_WORDS
    picture = mermaid(default_flow)
    for name, node in default_flow.nodes.items():
        assert f"<b>{name}</b>" in picture
        for road in node.roads():
            assert f"n_{road.to}" in picture
    assert "通话将被录音" in picture
    assert prompt_texts()["notice"].zh in picture
