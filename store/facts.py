"""Room store: what a fact is. Rooms subclass `Fact` in their own `facts.py`.

A fact says that something happened, in ids only: no number, no name, no word
of anybody. It is appended once and never changed.
"""

from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

_KINDS: dict[str, type["Fact"]] = {}


class UnknownFact(LookupError):
    """A stored fact of a kind this version of the program does not know."""


class Fact(BaseModel):
    """One thing that happened. Subclasses name it with `kind` and register themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    at: AwareDatetime
    call_id: str | None = None
    ticket_id: str | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        known = _KINDS.setdefault(cls.kind, cls)
        if known is not cls and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"two facts share the kind {cls.kind!r}: {known} and {cls}")

    def data(self) -> dict[str, Any]:
        """The fields beyond the common ones, ready for JSON."""
        return self.model_dump(mode="json", exclude={"at", "call_id", "ticket_id"})


class ProjectionFailed(Fact):
    """This fact is in the journal, but the rows it should have changed are not changed."""

    kind: ClassVar[str] = "projection_failed"
    kind_of: str
    node: str
    node_number: int
    error: str


def load_fact(
    kind: str, at: str | Any, call_id: str | None, ticket_id: str | None, data: dict[str, Any]
) -> Fact:
    """Make the typed fact again from its stored parts; `UnknownFact` for a strange kind."""
    try:
        cls = _KINDS[kind]
    except KeyError:
        raise UnknownFact(kind) from None
    return cls.model_validate({"at": at, "call_id": call_id, "ticket_id": ticket_id, **data})
