"""What is left when no call is up: it should be nothing."""

import re
from contextlib import suppress
from pathlib import Path

from sqlalchemy import func, select

from hotline.health.tables import PartState
from hotline.owed.tables import OwedWork
from recording.tables import Recording
from store.database import DatabaseAway
from telephony.tables import Command, Connect, Leg, PhoneCall
from tests.e2e.stage import until
from tests.soak.world import World

Leftovers = dict[str, int]


async def count_leftovers(world: World) -> Leftovers:
    """Channels, rows and files that belong to no live call."""
    pbx = world.installation.asterisk
    channels = re.search(r"(\d+) active channel", await pbx.command("core show channels count"))
    rooms = await pbx.command("confbridge list")
    spool = world.installation.folder.recordings
    queries = {
        "calls still live": select(func.count()).where(PhoneCall.stage == "live"),
        "legs without an end": select(func.count()).where(Leg.ended_at.is_(None)),
        "connects without an end": select(func.count()).where(
            Connect.state.not_in(("over", "joined"))
        ),
        "commands without an answer": select(func.count()).where(
            Command.state.in_(("asked", "doing"))
        ),
        "work owed": select(func.count()).where(OwedWork.state == "owed"),
        "work dead": select(func.count()).where(OwedWork.state == "dead"),
    }
    found: Leftovers = {}
    async with world.database.reading() as session:
        for name, query in queries.items():
            found[name] = int(await session.scalar(query) or 0)
        sealed = set(await session.scalars(select(Recording.folder)))
        controller = await session.get(PartState, ("controller", world.settings.node))
        detail = controller.detail if controller is not None else {}
    archive = world.settings.archive
    folders = {str(path.relative_to(archive)) for path in archive.glob("[0-9]*/*/*/*")}
    return {
        "channels": int(channels[1]) if channels else -1,
        "rooms": sum(line[:1].isdigit() for line in rooms.splitlines()),
        **found,
        "facts not forwarded": int(detail.get("unforwarded", -1)),
        "facts not projected": int(detail.get("projections_given_up", -1)),
        "spool folders": sum(1 for _ in spool.iterdir()),
        "words of citizens kept for dispatchers": _entries(spool.parent / "words"),
        "unfinished seals": sum(1 for _ in archive.glob(".building-*")),
        "old event files beyond four": max(
            0, _entries(world.installation.folder.cel_file.parent) - 5
        ),
        "bytes of the disk's reserve not made again": int(
            detail.get("disk_reserve_missing_bytes", -1)
        ),
        "archive folders unknown to the database": len(folders - sealed),
        "recordings without a folder": len(sealed - folders),
    }


def _entries(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


async def until_settled(world: World) -> None:
    """All is done that is owed, or the time is up: then the leftovers tell."""

    async def settled() -> bool:
        with suppress(DatabaseAway):
            found = await count_leftovers(world)
            return not any(number for name, number in found.items() if name != "work dead")
        return False

    with suppress(AssertionError):
        await until(settled, world.plan.settle_seconds)
