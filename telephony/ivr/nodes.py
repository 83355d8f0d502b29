"""Room telephony/ivr: the kinds of nodes a flow is made of, and where each leads.

A road is `automatic` where the caller goes on without having pressed anything:
such roads may not lead in a circle.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
Prompt = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
Key = Annotated[str, Field(pattern=r"^[0-9*]$")]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Prompts = Annotated[list[Prompt], Field(max_length=8)]

# workday: Monday to Friday but for public holidays, and make-up days; restday: all others.
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "workday", "restday"]

WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Road:
    """From a node to the next; `label` is what a picture writes on it."""

    label: str
    to: str
    automatic: bool = True
    where: tuple[str, ...] = ("next",)  # the keys of the file it stands under


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def roads(self) -> list[Road]:
        """Where this node leads; none where the flow ends here."""
        return []

    def prompts(self) -> list[str]:
        """What is said here, in order."""
        return []


class _Saying(_Node):
    say: Prompts = []

    def prompts(self) -> list[str]:
        return list(self.say)


class Say(_Saying):
    """Says something to the end."""

    kind: Literal["say"]
    say: Annotated[Prompts, Field(min_length=1)]
    next: Name

    def roads(self) -> list[Road]:
        return [Road("", self.next)]


class Keys(_Saying):
    """Says something that any key interrupts. `#` and silence go on to `next`."""

    kind: Literal["keys"]
    keys: Annotated[dict[Key, Name], Field(min_length=1)]
    wait_seconds: Annotated[float, Field(ge=0.1, le=30)] = 0.2
    next: Name
    wrong_key: Name | None = None

    def roads(self) -> list[Road]:
        pressed = [Road(key, to, False, ("keys", key)) for key, to in self.keys.items()]
        wrong = [Road("?", self.wrong_key, False, ("wrong_key",))] if self.wrong_key else []
        return [*pressed, *wrong, Road("", self.next)]


class Collect(_Saying):
    """Takes digits, ended by `#`, by their number or by a pause, and keeps them as `into`."""

    kind: Literal["collect"]
    into: Word
    least: Annotated[int, Field(ge=1, le=30)] = 1
    most: Annotated[int, Field(ge=1, le=30)]
    pause_seconds: Annotated[float, Field(ge=1, le=15)] = 5
    next: Name
    too_few: Name

    def roads(self) -> list[Road]:
        return [Road("", self.next, automatic=False), Road("…", self.too_few, where=("too_few",))]


class Ask(_Node):
    """One question to Python, bounded. `no_answer` is the way on when none comes in time."""

    kind: Literal["ask"]
    question: Word
    about: Word | None = None
    collected: Word | None = None
    seconds: Annotated[float, Field(ge=0.3, le=2)] = 2
    answers: Annotated[dict[Word, Name], Field(min_length=1)]
    otherwise: Name | None = None
    no_answer: Name

    def roads(self) -> list[Road]:
        answered = [Road(a, to, where=("answers", a)) for a, to in self.answers.items()]
        other = [Road("*", self.otherwise, where=("otherwise",))] if self.otherwise else []
        return [*answered, *other, Road("—", self.no_answer, where=("no_answer",))]


class Mark(_Node):
    """Says what the call is about and how urgent: a fact, and the place in the queue."""

    kind: Literal["mark"]
    wish: Word
    topic: Word
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    next: Name

    def roads(self) -> list[Road]:
        return [Road("", self.next)]


class Connect(_Node):
    """A unit that is to be rung as soon as an operator has answered."""

    kind: Literal["connect"]
    wish: Word
    unit: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    topic: Word = "general"
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    next: Name

    def roads(self) -> list[Road]:
        return [Road("", self.next)]


class Language(_Node):
    """From here on everything is said in this language; `other` changes to and fro."""

    kind: Literal["language"]
    language: Literal["zh", "en", "other"]
    next: Name

    def roads(self) -> list[Road]:
        return [Road("", self.next)]


class Opening(BaseModel):
    """`days` from a time to a time; 08:00 to 08:00 and 20:00 to 06:00 go over midnight."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    days: Annotated[list[Day], Field(min_length=1)]
    start: Annotated[ClockTime, Field(alias="from")]
    end: Annotated[ClockTime, Field(alias="to")]


class Hours(_Node):
    """Open or closed, by the week or by work days, in the city's time."""

    kind: Literal["hours"]
    open: Annotated[list[Opening], Field(min_length=1)]
    zone: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+$")] = "Asia/Shanghai"
    when_open: Name
    when_closed: Name

    def roads(self) -> list[Road]:
        return [
            Road("open", self.when_open, where=("when_open",)),
            Road("closed", self.when_closed, where=("when_closed",)),
        ]


class Transfer(_Saying):
    """Dials a number of the allowed ones and gives the call away; `next` if nobody answers."""

    kind: Literal["transfer"]
    number: Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")]
    ring_seconds: Annotated[int, Field(ge=5, le=60)] = 20
    next: Name

    def roads(self) -> list[Road]:
        return [Road("", self.next)]


class Rate(_Saying):
    """One to five. Another key is asked for once more; silence goes on."""

    kind: Literal["rate"]
    wrong: Prompts = []
    thanks: Prompts = []
    wait_seconds: Annotated[float, Field(ge=1, le=15)] = 5
    next: Name

    def roads(self) -> list[Road]:
        return [Road("1-5", self.next, automatic=False), Road("", self.next)]

    def prompts(self) -> list[str]:
        return [*self.say, *self.wrong, *self.thanks]


class Queue(_Node):
    """A person; with `skill`, first those who have it."""

    kind: Literal["queue"]
    skill: Word | None = None


class Message(_Node):
    """A message after the tone."""

    kind: Literal["message"]


class HangUp(_Node):
    """A goodbye."""

    kind: Literal["goodbye"]


Node = Annotated[
    Say | Keys | Collect | Ask | Mark | Connect | Language | Hours | Transfer | Rate
    | Queue | Message | HangUp,
    Field(discriminator="kind"),
]  # fmt: skip
