"""Room telephony/ivr: a whole flow, and the rules that no single node can see. No I/O."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from telephony.ivr.nodes import Ask, Collect, Name, Node, Transfer

# National guidance is against menus: one notice of this length, then a person.
NOTICE_SECONDS = 6.0
# One of these is in every notice: the caller is told that the call is recorded.
RECORDED = ("录音", "recorded")
Path = tuple[str | int, ...]


class Flow(BaseModel):
    """A flow as it stands in its file. `after`: where a caller goes whom the others have left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flow: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    title: Annotated[str, Field(max_length=80)] = ""
    start: Name
    after: Name | None = None
    nodes: Annotated[dict[Name, Node], Field(min_length=1)]


@dataclass(frozen=True)
class World:
    """What a flow is checked against: prompts that exist (seconds, words), numbers, units."""

    seconds: Mapping[str, float]
    words: Mapping[str, str] = field(default_factory=dict)
    allowed: Sequence[re.Pattern[str]] = ()
    questions: frozenset[str] | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where in the file: a path of keys."""

    path: Path
    reason: str


def faults(flow: Flow, world: World) -> list[Fault]:
    """Everything that is wrong with a flow whose fields are right one by one."""
    found = [*_roads_to_nowhere(flow)]
    if found:
        return found
    return [
        *_never_reached(flow), *_circles(flow), *_missing_prompts(flow, world),
        *_notice(flow, world), *_numbers(flow, world), *_questions(flow, world),
        *_not_collected(flow),
    ]  # fmt: skip


def _roads_to_nowhere(flow: Flow) -> Iterator[Fault]:
    for name, place in (("start", flow.start), ("after", flow.after)):
        if place is not None and place not in flow.nodes:
            yield Fault((name,), f"no such node: {place}")
    for name, node in flow.nodes.items():
        for road in node.roads():
            if road.to not in flow.nodes:
                label = f" ({road.label})" if road.label else ""
                where = ("nodes", name, *road.where)
                yield Fault(where, f"leads{label} to no such node: {road.to}")


def _never_reached(flow: Flow) -> Iterator[Fault]:
    reached = set[str]()
    ahead = [place for place in (flow.start, flow.after) if place]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += [road.to for road in flow.nodes[name].roads()]
    for name in flow.nodes:
        if name not in reached:
            yield Fault(("nodes", name), "no road leads here")


def _circles(flow: Flow) -> Iterator[Fault]:
    """A caller who presses nothing must come to an end."""
    done = set[str]()

    def walk(name: str, trail: tuple[str, ...]) -> Iterator[Fault]:
        if name in trail:
            circle = " → ".join((*trail[trail.index(name) :], name))
            yield Fault(("nodes", name), f"goes in a circle without any key: {circle}")
        elif name not in done:
            for road in flow.nodes[name].roads():
                if road.automatic:
                    yield from walk(road.to, (*trail, name))
            done.add(name)

    for name in flow.nodes:
        yield from walk(name, ())


def _missing_prompts(flow: Flow, world: World) -> Iterator[Fault]:
    for name, node in flow.nodes.items():
        for prompt in node.prompts():
            if prompt not in world.seconds:
                yield Fault(("nodes", name), f"no such prompt: {prompt}")
        if node.kind == "connect" and f"topic_{node.topic}" not in world.seconds:
            # What somebody of the unit hears when rung.
            yield Fault(("nodes", name, "topic"), f"no such prompt: topic_{node.topic}")


def _notice(flow: Flow, world: World) -> Iterator[Fault]:
    said = flow.nodes[flow.start].prompts()
    seconds = sum(world.seconds.get(prompt, 0.0) for prompt in said)
    if seconds > NOTICE_SECONDS:
        reason = f"the notice takes {seconds:.1f} s; at most {NOTICE_SECONDS:.0f} s are allowed"
        yield Fault(("nodes", flow.start), reason)
    words = " ".join(world.words.get(prompt, "") for prompt in said)
    if not any(word in words for word in RECORDED):
        yield Fault(("nodes", flow.start), "the notice does not say that the call is recorded")


def _numbers(flow: Flow, world: World) -> Iterator[Fault]:
    for name, node in flow.nodes.items():
        if isinstance(node, Transfer) and not any(p.fullmatch(node.number) for p in world.allowed):
            reason = f"{node.number} is not among the numbers that may be dialled (allowed_numbers)"
            yield Fault(("nodes", name, "number"), reason)


def _questions(flow: Flow, world: World) -> Iterator[Fault]:
    if world.questions is None:
        return
    known = ", ".join(sorted(world.questions))
    for name, node in flow.nodes.items():
        if isinstance(node, Ask) and node.question not in world.questions:
            yield Fault(("nodes", name, "question"), f"nobody answers this; known: {known}")


def _not_collected(flow: Flow) -> Iterator[Fault]:
    collected = {node.into for node in flow.nodes.values() if isinstance(node, Collect)}
    for name, node in flow.nodes.items():
        if node.kind == "ask" and node.collected and node.collected not in collected:
            yield Fault(("nodes", name, "collected"), f"no node collects {node.collected}")
        if isinstance(node, Collect) and node.least > node.most:
            yield Fault(("nodes", name, "least"), "more than most")
