"""Who is heard on a machine that is busy with other things as well."""

from collections import Counter

from simulator.ears import Sound, windows
from simulator.person import Person
from tests.e2e.scenes import ear


def hears_mostly(person: Person, span: tuple[float, float]) -> set[str]:
    """Roles heard in two thirds of the tenths of a second of a span."""
    return mostly(ear(person), span)


def mostly(sound: Sound, span: tuple[float, float]) -> set[str]:
    """The same of a recording."""
    found = windows(sound, *span)
    times = Counter(role for window in found for role in window)
    return {role for role, count in times.items() if count >= len(found) * 2 / 3}
