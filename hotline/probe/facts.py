"""Room hotline/probe: how a test call went."""

from typing import ClassVar

from store.facts import Fact


class ProbeDone(Fact):
    """A test call of the service to itself. `failed`: what was not as it should be, in words."""

    kind: ClassVar[str] = "probe_done"
    ok: bool
    seconds: float
    failed: list[str]
