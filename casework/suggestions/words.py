"""Room casework/suggestions: what a word list says, typed. `words.yaml` is the one of Putian."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]
# Two words at least a character long, joined by + where both have to be said.
Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\s+,，]+(\+[^\s+,，]+)*$")]
Weight = Annotated[int, Field(ge=-9, le=9)]
Words = dict[Weight, list[Word]]
Level = Literal["urgent", "soon"]
NORMAL = "normal"
LEVELS = {"urgent": "紧急", "soon": "加急", NORMAL: "一般"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Spoken(_Part):
    """Anything that words speak for."""

    name: Name
    words: Words = {}

    def weighted(self) -> Iterator[tuple[str, int]]:
        """Every word with its weight."""
        for weight, words in self.words.items():
            for word in words:
                yield word, weight


class Kind(Spoken):
    """The lower level of a category. Its words speak for its unit too, where it names one."""

    unit: Id | None = None


class Category(_Part):
    name: Name
    kinds: Annotated[dict[Id, Kind], Field(min_length=1)]


class UrgencyRule(Spoken):
    """`hand_over`: the emergency number whose people should take over."""

    id: Id
    level: Level
    hand_over: Annotated[str, Field(pattern=r"^([0-9]{3,12})?$")] = ""


class District(_Part):
    """A district by its own name, its streets and towns, and places everybody knows."""

    towns: list[Word] = []
    also: list[Word] = []


class WordList(_Part):
    """The whole file. `digest` is made of its text, so that two files never share a version."""

    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,24}$")]
    digest: str = ""
    units: Annotated[dict[Id, Spoken], Field(min_length=1)]
    categories: Annotated[dict[Id, Category], Field(min_length=1)]
    topics: dict[Id, Spoken] = {}
    urgency: list[UrgencyRule] = []
    districts: dict[Name, District] = {}

    @property
    def stamp(self) -> str:
        """What is stored with every suggestion."""
        return f"{self.version}+{self.digest[:8]}"

    def kinds(self) -> Iterator[tuple[str, str, Kind]]:
        """`market/price`, its full name, the kind."""
        for upper, category in self.categories.items():
            for lower, kind in category.kinds.items():
                yield f"{upper}/{lower}", f"{category.name}／{kind.name}", kind

    def choices(self) -> dict[str, dict[str, str]]:
        """Field → every value it may have → what people call it."""
        return {
            "category": {value: name for value, name, _ in self.kinds()},
            "district": {name: name for name in self.districts},
            "unit": {value: unit.name for value, unit in self.units.items()},
            "topics": {value: topic.name for value, topic in self.topics.items()},
            "urgency": dict(LEVELS),
        }
