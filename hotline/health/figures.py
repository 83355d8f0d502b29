"""Room hotline/health: what a controller measures of itself for its heartbeat."""

from pathlib import Path

from hotline.health.reserve import disk_of
from hotline.installation import Installation
from store.base import now
from store.forwarder import Forwarder
from telephony.cel.file import CelFile
from telephony.registry import Registry
from telephony.roles import Place, Role


def figures(
    installation: Installation, registry: Registry, cel: CelFile, forwarder: Forwarder
) -> dict[str, float]:
    """Numbers for `/metrics`; see `hotline/metrics/collect.py` for their names there."""
    away_since = forwarder.health().away_since
    waiting = sum(
        leg.role is Role.CITIZEN for call in registry.open_calls() for leg in call.at(Place.QUEUE)
    )
    disk = disk_of(installation.settings.data_dir)
    return {
        "waiting": waiting,
        "forwarder_away_seconds": (now() - away_since).total_seconds() if away_since else 0.0,
        "cel_unread_bytes": cel.unread(registry.mark),
        "cel_skipped": cel.garbage,
        "spool_calls": _entries(installation.folder.recordings),
        "disk_free_bytes": disk.free,
        "disk_size_bytes": disk.total,
    }


def _entries(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0
