"""Room hotline/health: what a controller measures of itself for its heartbeat."""

import shutil
from pathlib import Path

from hotline.installation import Installation
from store.base import now
from store.forwarder import Forwarder
from telephony.cel.file import CelFile
from telephony.registry import CEL_BOOKMARK, Registry
from telephony.roles import Place, Role


def figures(
    installation: Installation, registry: Registry, cel: CelFile, forwarder: Forwarder
) -> dict[str, float]:
    """Numbers for `/metrics`; see `hotline/metrics/collect.py` for their names there."""
    away_since = forwarder.health().away_since
    waiting = sum(
        leg.role is Role.CITIZEN for call in registry.open_calls() for leg in call.at(Place.QUEUE)
    )
    return {
        "waiting": waiting,
        "forwarder_away_seconds": (now() - away_since).total_seconds() if away_since else 0.0,
        "cel_unread_bytes": max(0, _size(cel.path) - registry.journal.bookmark(CEL_BOOKMARK)),
        "cel_skipped": cel.garbage,
        "spool_calls": _entries(installation.folder.recordings),
        "disk_free_bytes": shutil.disk_usage(installation.settings.data_dir).free,
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _entries(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0
