"""Room hotline/backup: sealed recordings into the backup's one archive, and back.

A damaged one is named and holds up nothing: neither the others nor the databases.
"""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from hotline.backup.snapshot import (
    ARCHIVE,
    RecordingDamaged,
    Sealed,
    Snapshot,
    check_recording,
    sealed_manifest,
    stated_files,
)
from recording.manifest import Manifest, read_manifest
from store.durable import private_folder, sync

# Year, month, day, recording; none that is still being copied.
_RECORDINGS = "[0-9]*/*/*/[!.]*"
# A seal as old as this is told in the journal or it will never be.
_SETTLED = timedelta(hours=1)


def back_up_recordings(
    archive: Path, target: Path, known: set[str], began: datetime, *, link: bool
) -> tuple[list[Sealed], list[str]]:
    """What the backup now holds of this archive; what is damaged, each with its reason."""
    held: list[Sealed] = []
    damaged: list[str] = []
    for source in sorted(p for p in archive.glob(_RECORDINGS) if p.is_dir()):
        name = str(source.relative_to(archive))
        manifest: Manifest | None
        try:
            manifest = sealed_manifest(source)
            if manifest.sealed_at > began - _SETTLED and manifest.call_id not in known:
                continue  # sealed after the journal was copied: the next snapshot's
            _copy_once(source, target / name, manifest, link=link)
        except RecordingDamaged as wrong:
            damaged.append(str(wrong))
            manifest = _sound(target / name)  # copied while it was still whole
        if manifest is not None:
            held.append(Sealed(folder=name, manifest_sha256=manifest.sha256))
    return held, damaged


def restore_recordings(backup: Path, snapshot: Snapshot, archive: Path) -> list[str]:
    """Those that could not be restored, each with its reason."""
    damaged = []
    for sealed in snapshot.recordings:
        source = backup / ARCHIVE / sealed.folder
        try:
            if sealed_manifest(source).sha256 != sealed.manifest_sha256:
                raise RecordingDamaged(f"{source}: 与备份清单不符 / not the recording listed")
            copy_recording(source, archive / sealed.folder, link=False)
        except RecordingDamaged as wrong:
            damaged.append(str(wrong))
    return damaged


def copy_recording(source: Path, target: Path, *, link: bool) -> None:
    """Copy (or link) one sealed folder, checked and on disk, as a whole or not at all.

    It replaces what lay there. `RecordingDamaged`; OSError where it is not the source's fault.
    """
    building = target.with_name(f".building-{target.name}")
    shutil.rmtree(building, ignore_errors=True)
    private_folder(building)
    try:
        for file in source.iterdir():
            if link:
                os.link(file, building / file.name)
            else:
                shutil.copy2(file, building / file.name)
        check_recording(building)
    except (OSError, RecordingDamaged):
        shutil.rmtree(building, ignore_errors=True)
        check_recording(source)  # names it, where the fault is the source's
        raise
    for path in (*building.iterdir(), building):
        sync(path)
    if target.exists():
        target.chmod(0o700)  # whoever is not root may not empty a folder he may not write to
        shutil.rmtree(target)
    building.rename(target)
    target.chmod(0o500)
    sync(target.parent)


def _copy_once(source: Path, copy: Path, manifest: Manifest, *, link: bool) -> None:
    """For all snapshots; again where the copy is no longer what was copied."""
    if _is_copy(source, copy, manifest):
        return
    other = _sound(copy)
    if other is not None and other.sha256 != manifest.sha256:
        raise RecordingDamaged(f"{copy}: 另一份录音 / another recording of that name")
    copy_recording(source, copy, link=link)


def _is_copy(source: Path, copy: Path, manifest: Manifest) -> bool:
    """By manifest and sizes: to hash years of sound takes hours, and `restore` does it."""
    try:
        return read_manifest(copy).sha256 == manifest.sha256 and all(
            (copy / name).stat().st_size == (source / name).stat().st_size
            for name in stated_files(manifest)
        )
    except (OSError, ValueError):
        return False


def _sound(copy: Path) -> Manifest | None:
    try:
        return check_recording(copy)
    except RecordingDamaged:
        return None
