"""Room transcription: what was said, by whom and when, as plain values.

All times are seconds on the call's one clock, which starts with the call.
"""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Word(_Value):
    """One word as the engine heard it; confidence from 0 to 1."""

    text: str
    start: float = Field(ge=0)
    end: float = Field(ge=0)
    confidence: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Word":
        if self.end < self.start:
            raise ValueError("a word cannot end before it starts")
        return self

    def moved(self, seconds: float) -> "Word":
        """The same word, later by `seconds`."""
        moved = {"start": round(self.start + seconds, 3), "end": round(self.end + seconds, 3)}
        return self.model_copy(update=moved)


class Utterance(_Value):
    """What one person said between two pauses."""

    leg_id: str
    role: str
    start: float
    end: float
    text: str
    words: tuple[Word, ...]


class Timeline(_Value):
    """A whole call in order of speaking. `why` is the sentence shown on the ticket."""

    utterances: tuple[Utterance, ...]
    engine: str
    model: str
    why: str
    language: str
    seconds_audio: float = 0.0
    seconds_spent: float = 0.0
    unreadable: tuple[str, ...] = ()  # leg ids of tracks that could not be opened

    def word_count(self) -> int:
        """How many words were understood in all."""
        return sum(len(utterance.words) for utterance in self.utterances)
