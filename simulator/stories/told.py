"""Room simulator: what a story expects to find afterwards."""

from dataclasses import dataclass, field

from simulator.city import City
from simulator.desk import Desk


@dataclass(frozen=True)
class Told:
    """A call that took place. `words`: role → words of which at least one must be understood."""

    title: str
    call_id: str
    roles: tuple[str, ...]
    words: dict[str, tuple[str, ...]]
    checks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scene:
    """The people, and the operator's hands."""

    city: City
    operator: Desk


async def everybody_begins_silent(city: City) -> None:
    """In the stories people speak words; tones only where they are measured."""
    people = (city.citizen, city.operator, city.liaison, city.deputy, city.builder)
    for person in (*people, city.petition_officer):
        await person.begins("silent")
