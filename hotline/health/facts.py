"""Room hotline/health: what the journal says of the disk."""

from typing import ClassVar

from store.facts import Fact


class DiskReserve(Fact):
    """The disk's reserve was made or given up; at `gone` recording stopped, at `whole` it goes on.

    Told at start too, wherever it is not as it should be.
    """

    kind: ClassVar[str] = "disk_reserve"
    node: str
    level: str
