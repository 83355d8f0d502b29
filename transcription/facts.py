"""Room transcription: what can happen to a transcript."""

from typing import ClassVar

from store.facts import Fact


class TranscriptMade(Fact):
    """A call was written down; `words` is how many."""

    kind: ClassVar[str] = "TranscriptMade"

    engine: str
    model: str
    words: int
    seconds_audio: float
    seconds_spent: float


class TranscriptFailed(Fact):
    """A try failed; `reason` is for the administrator and holds no word of the call."""

    kind: ClassVar[str] = "TranscriptFailed"

    reason: str
    attempt: int
