"""Room telephony/ivr: a checked flow → one dialplan context, versioned by what it does.

An extension a node, named as the node; `s` begins. The context's name ends with
the hash of its lines: the same flow gives the same name, another gives another, so a
new version never changes the ground under a call that is in the old one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from telephony import dialplan
from telephony.ivr import nodes as n
from telephony.ivr.flow import Flow
from telephony.ivr.hours import NOTHING_KNOWN, Calendar, is_open_lines

_HERE = "@version@"
_ANSWERED_IN_TIME = "answered"
Lines = list[str]


@dataclass(frozen=True)
class Compiled:
    """A flow as Asterisk runs it. `version` is what facts name it by."""

    version: str
    text: str

    @property
    def context(self) -> str:
        return f"{dialplan.FLOW_PREFIX}{self.version}"


def compile_flow(flow: Flow, calendar: Calendar = NOTHING_KNOWN) -> Compiled:
    """The flow's context, ready to be written into a file that extensions.conf includes."""
    body: Lines = _begin(flow)
    for name, node in flow.nodes.items():
        known = (calendar,) if isinstance(node, n.Hours) else ()
        body += ["", *_numbered(name, _LINES[type(node)](name, node, *known))]
    if any(isinstance(node, n.Ask) for node in flow.nodes.values()):
        body += ["", *_too_late()]
    text = "\n".join(body)
    version = f"{flow.flow}-{sha256(text.encode()).hexdigest()[:8]}"
    head = f"; {version}, made from YAML by `hotline ivr`: change that, not this."
    context = f"[{dialplan.FLOW_PREFIX}{version}]"
    return Compiled(version, "\n".join([head, context, text.replace(_HERE, version), ""]))


def _begin(flow: Flow) -> Lines:
    after = f"{dialplan.FLOW_PREFIX}{_HERE},{flow.after},1" if flow.after else ""
    return _numbered("s", [f"Set({dialplan.FLOW_AFTER}={after})", f"Goto({flow.start},1)"])


def _too_late() -> Lines:
    """An answer that does not come in time: on without it."""
    return _numbered("T", ["Set(TIMEOUT(absolute)=0)", "Goto(${FLOW_LATE})"])


def _numbered(name: str, lines: Lines) -> Lines:
    first, *rest = lines
    return [f"exten => {name},1,{first}", *(f" same => {_priority(line)}" for line in rest)]


def _priority(line: str) -> str:
    # `(label)App()` gives this line a label.
    return f"n{line}" if line.startswith("(") else f"n,{line}"


def _tell(word: str, name: str, *more: str) -> str:
    return f"CELGenUserEvent({word},{' '.join([_HERE, name, *more])})"


def _files(prompts: list[str]) -> str:
    return "&".join(f"${{SAY}}/{prompt}" for prompt in prompts)


def _goto(name: str) -> str:
    return f"Goto({name},1)"


def _if(variable: str, value: str, to: str) -> str:
    return f'GotoIf($["${{{variable}}}" = "{value}"]?{to},1)'


def _say(name: str, node: n.Say) -> Lines:
    return [_tell(dialplan.FLOW_NODE, name), f"Playback({_files(node.say)})", _goto(node.next)]


def _keys(name: str, node: n.Keys) -> Lines:
    # Read hears a key in the middle of any of its files, and before the first one.
    lines = [
        _tell(dialplan.FLOW_NODE, name),
        f"Read(FLOW_KEY,{_files(node.say)},1,,1,{node.wait_seconds:g})",
        _if("FLOW_KEY", "", node.next),
        _tell(dialplan.FLOW_KEY, name, "${FLOW_KEY}"),
    ]
    lines += [_if("FLOW_KEY", key, to) for key, to in sorted(node.keys.items())]
    return [*lines, _goto(node.wrong_key or node.next)]


def _collect(name: str, node: n.Collect) -> Lines:
    kept = f"FLOW_{_variable(node.into)}"
    return [
        _tell(dialplan.FLOW_NODE, name),
        f"Read({kept},{_files(node.say)},{node.most},,1,{node.pause_seconds:g})",
        _tell(dialplan.FLOW_DIGITS, name, f"${{LEN(${{{kept}}})}}"),
        f"GotoIf($[${{LEN(${{{kept}}})}} < {node.least}]?{node.too_few},1)",
        _goto(node.next),
    ]


def _variable(word: str) -> str:
    return word.upper().replace("-", "_")


def _ask(name: str, node: n.Ask) -> Lines:
    arguments = [f"agi://127.0.0.1:${{AGI_PORT}}/{node.question}", node.about or ""]
    if node.collected:
        arguments.append(f"${{FILTER(0-9*,${{FLOW_{_variable(node.collected)}}})}}")
    lines = [
        _tell(dialplan.FLOW_NODE, name),
        f"Set({dialplan.FLOW_ANSWER}=)",
        "Set(AGIEXITONHANGUP=yes)",
        f"Set(FLOW_LATE={name},{_ANSWERED_IN_TIME})",
        f"Set(TIMEOUT(absolute)={node.seconds:g})",
        f"AGI({','.join(arguments).rstrip(',')})",
        "Set(TIMEOUT(absolute)=0)",
        f"({_ANSWERED_IN_TIME}),Set(FLOW_WORD=${{FILTER(a-z0-9_\\-,${{{dialplan.FLOW_ANSWER}}})}})",
        _tell(dialplan.FLOW_ANSWER, name, node.question, "${FLOW_WORD}"),
        _if("FLOW_WORD", "", node.no_answer),
    ]
    lines += [_if("FLOW_WORD", answer, to) for answer, to in node.answers.items()]
    return [*lines, _goto(node.otherwise or node.no_answer)]


def _mark(name: str, node: n.Mark) -> Lines:
    wish = _tell(dialplan.WISH, name, node.wish, "-", node.topic, str(node.priority))
    return [_tell(dialplan.FLOW_NODE, name), wish, *_priority_in_queue(node), _goto(node.next)]


def _connect(name: str, node: n.Connect) -> Lines:
    wish = _tell(dialplan.WISH, name, node.wish, node.unit, node.topic, str(node.priority))
    return [
        _tell(dialplan.FLOW_NODE, name), _not_for_a_probe(node.next), wish,
        *_priority_in_queue(node), _goto(node.next),
    ]  # fmt: skip


def _not_for_a_probe(to: str) -> str:
    """The service's call to itself rings nobody of a unit, and nobody outside."""
    return _if(dialplan.OWN_QUEUE, dialplan.PROBE, to)


def _priority_in_queue(node: n.Mark | n.Connect) -> Lines:
    """First among those who wait; and first to those who have this skill, where a queue has it."""
    priority = [f"Set(QUEUE_PRIO={node.priority})"] if node.priority else []
    return [*priority, f"Set(SKILL={node.wish})"]


def _language(name: str, node: n.Language) -> Lines:
    english, chinese = "${SOUNDS}/en", "${SOUNDS}/zh"
    other = f'${{IF($["${{SAY}}" = "{english}"]?{chinese}:{english})}}'
    say = {"zh": chinese, "en": english, "other": other}[node.language]
    return [_tell(dialplan.FLOW_NODE, name), f"Set(SAY={say})", _goto(node.next)]


def _hours(name: str, node: n.Hours, calendar: Calendar) -> Lines:
    return [_tell(dialplan.FLOW_NODE, name), *is_open_lines(node, calendar)]


def _transfer(name: str, node: n.Transfer) -> Lines:
    said = [f"Playback({_files(node.say)})"] if node.say else []
    return [
        _tell(dialplan.FLOW_NODE, name),
        _not_for_a_probe(node.next),
        *said,
        f"Gosub({dialplan.TRANSFER},s,1({node.number},{node.ring_seconds}))",
        'GotoIf($["${DIALSTATUS}" = "ANSWER"]?goodbye,s,1)', _goto(node.next),
    ]  # fmt: skip


def _rate(name: str, node: n.Rate) -> Lines:
    files, wait = _files(node.say), f"{node.wait_seconds:g}"
    again = [f"Playback({_files(node.wrong)})"] if node.wrong else []
    thanks = [f"Playback({_files(node.thanks)})"] if node.thanks else []
    rated = '$["${FLOW_KEY}" >= "1" & "${FLOW_KEY}" <= "5"]'
    return [
        _tell(dialplan.FLOW_NODE, name),
        f"Read(FLOW_KEY,{files},1,,1,{wait})",
        f"GotoIf({rated}?rated)",
        _if("FLOW_KEY", "", node.next),
        *again,
        f"Read(FLOW_KEY,{files},1,,1,{wait})",
        f"GotoIf({rated}?rated)",
        _goto(node.next),
        f"(rated),{_tell(dialplan.RATED, name, '${FLOW_KEY}')}",
        *thanks,
        _goto(node.next),
    ]


def _queue(name: str, node: n.Queue) -> Lines:
    skill = [f"Set(SKILL={node.skill})"] if node.skill else []
    return [_tell(dialplan.FLOW_NODE, name), *skill, f"Goto({dialplan.QUEUE_CONTEXT},s,1)"]


def _message(name: str, node: n.Message) -> Lines:
    return [_tell(dialplan.FLOW_NODE, name), f"Goto({dialplan.MESSAGE},s,1)"]


def _goodbye(name: str, node: n.HangUp) -> Lines:
    # Whoever has come to the end is not led through `after` (once more).
    ends = f"Set({dialplan.FLOW_AFTER}=)"
    return [_tell(dialplan.FLOW_NODE, name), ends, f"Goto({dialplan.GOODBYE},s,1)"]


_LINES: dict[type[Any], Callable[..., Lines]] = {
    n.Say: _say,
    n.Keys: _keys,
    n.Collect: _collect,
    n.Ask: _ask,
    n.Mark: _mark,
    n.Connect: _connect,
    n.Language: _language,
    n.Hours: _hours,
    n.Transfer: _transfer,
    n.Rate: _rate,
    n.Queue: _queue,
    n.Message: _message,
    n.HangUp: _goodbye,
}
