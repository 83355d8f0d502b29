"""Room casework/suggestions: what was suggested, and what a person made of it. Ids only."""

from typing import ClassVar

from store.facts import Fact


class SuggestionsMade(Fact):
    """`suggested`: field → values, several for topics alone. `words`: the word list's stamp."""

    kind: ClassVar[str] = "suggestions_made"
    number: str
    words: str
    suggested: dict[str, list[str]]


class SuggestionsFailed(Fact):
    """The ticket is there without suggestions; the log has the mistake."""

    kind: ClassVar[str] = "suggestions_failed"


class SuggestionAnswered(Fact):
    """A person accepted or changed it: how good the word list is can be counted from these.

    `words` is empty where the list had suggested nothing yet.
    """

    kind: ClassVar[str] = "suggestion_answered"
    number: str
    field: str
    answer: str
    suggested: list[str]
    chosen: list[str]
    words: str
    by: str
