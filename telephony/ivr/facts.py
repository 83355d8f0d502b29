"""Room telephony/ivr: what callers did in a flow. `flow` is its version, `node` the place in it.

Ids only: which digits somebody typed is no fact, only that they typed some.
"""

from typing import ClassVar, Literal

from store.facts import Fact


class FlowNodeEntered(Fact):
    kind: ClassVar[str] = "flow_node_entered"
    flow: str
    node: str


class FlowKeyPressed(Fact):
    kind: ClassVar[str] = "flow_key_pressed"
    flow: str
    node: str
    key: str


class FlowDigitsTyped(Fact):
    kind: ClassVar[str] = "flow_digits_typed"
    flow: str
    node: str
    count: int


class FlowAnswered(Fact):
    """What a question came to; `answer` is empty where none came in time."""

    kind: ClassVar[str] = "flow_answered"
    flow: str
    node: str
    question: str
    answer: str


class WishStated(Fact):
    """What the caller wants, before anybody spoke. `unit_id`: to be rung with the operator on."""

    kind: ClassVar[str] = "wish_stated"
    flow: str
    node: str
    wish: str
    unit_id: str | None
    topic: str
    priority: int


class WishRefused(Fact):
    """The unit could not be rung; `reason` is a word of `telephony.bridge.refusals`."""

    kind: ClassVar[str] = "wish_refused"
    wish: str
    unit_id: str
    reason: str


class CallRated(Fact):
    """One to five, five is best."""

    kind: ClassVar[str] = "call_rated"
    flow: str
    node: str
    rating: int


class FlowApplied(Fact):
    """From here on new calls are led by this version."""

    kind: ClassVar[str] = "flow_applied"
    node: str
    flow: str
    by: str


class PromptReplaced(Fact):
    """A prompt has another voice. `how`: from a file, or spoken into a phone."""

    kind: ClassVar[str] = "prompt_replaced"
    prompt: str
    language: str
    seconds: float
    how: Literal["file", "phone"]
    by: str
