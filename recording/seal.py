"""Room recording: the seal. Tracks on one clock, repaired, measured, hashed, chained, moved whole.

Built beside its final place and renamed there whole: a call is sealed or it is
not. The spool is emptied only afterwards, so at every moment one of the two is
complete.
"""

import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import soundfile

from recording.facts import RecordingGap, RecordingSealed, RecordingUnreadable
from recording.manifest import (
    NAME,
    ClockStep,
    Gap,
    Manifest,
    MixEntry,
    TrackEntry,
    UnreadableEntry,
    file_sha256,
    read_manifest,
)
from recording.samples import Pcm, SpoolKept, read_all
from recording.spool import CALL_ID, SpoolTrack, find_tracks, on_one_clock
from store.durable import private_folder, sync
from store.facts import Fact

with warnings.catch_warnings():
    # It looks for ffmpeg, which is for other formats than ours (WAV and FLAC, by soundfile).
    warnings.filterwarnings("ignore", "Couldn't find ffmpeg", RuntimeWarning)
    from pydub import AudioSegment

CITY_TIME = ZoneInfo("Asia/Shanghai")
# More than this missing from a track is an alarm.
ALARM_SECONDS = 1.0
# Tracks of one call begin within this many days of one another, the likely ones first.
PART_DAYS = (0, -1, 1, -2, 2)


@dataclass(frozen=True)
class LegTalk:
    """How long a leg was answered, from the signalling."""

    leg_id: str
    role: str
    answered_at: datetime
    ended_at: datetime
    step_ms: int = 0  # by which the clock had been stepped when its track began

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.answered_at).total_seconds()


@dataclass(frozen=True)
class Sealed:
    """A sealed call: its manifest and where it lies below the archive."""

    manifest: Manifest
    folder: str

    @property
    def manifest_sha256(self) -> str:
        return self.manifest.sha256

    @property
    def seconds(self) -> float:
        return self.manifest.seconds

    def facts(self, call_id: str) -> list[Fact]:
        """What is to be written into the journal: the seal, then its alarms."""
        m = self.manifest
        made: list[Fact] = [
            RecordingSealed(
                at=m.sealed_at, call_id=call_id, node=m.node, part=m.part, folder=self.folder,
                manifest_sha256=m.sha256, previous=m.previous, clock_start=m.clock_start,
                seconds=m.seconds,
                tracks=[
                    track.model_dump(
                        include={
                            "leg_id", "role", "file", "sha256", "offset_ms", "seconds", "repaired",
                        }
                    )
                    for track in m.tracks
                ],
            )
        ]  # fmt: skip
        made += [
            RecordingGap(at=m.sealed_at, call_id=call_id, **gap.model_dump()) for gap in m.gaps
        ]
        made += [
            RecordingUnreadable(at=m.sealed_at, call_id=call_id, source=u.source, file=u.file)
            for u in m.unreadable
        ]
        return made


def seal(
    call_dir: Path, archive: Path, legs: Sequence[LegTalk], node: str, previous: str,
    sealed_at: datetime, tell: Callable[[Sealed], bool] = lambda _: False,
) -> Sealed:  # fmt: skip
    """Seal one call's spool folder. Blocking. `SpoolKept` where it could not be done.

    `tell` hears of the seal before the spool is emptied: killed in between, the
    call is still in the spool, is found again and told again. It answers whether
    this was news.
    """
    call_id = call_dir.name
    if not CALL_ID.fullmatch(call_id):
        raise SpoolKept(f"{call_id!r} is not the name of a call")
    tracks = on_one_clock(find_tracks(call_dir), {leg.leg_id: leg.step_ms for leg in legs})
    sizes = {track.path: track.path.lstat().st_size for track in tracks}
    read, unreadable = read_all(tracks)
    parent = _folder_for(archive, call_id, read, sealed_at)
    part = _next_part(parent, call_id)
    earlier = _sound_parts(parent, call_id, part, archive)
    for before in earlier:
        # A journal put back from a backup may not know it. What is sealed now then follows it.
        if tell(before):
            previous = before.manifest_sha256
    late = _not_in(earlier, read, archive)
    strange = _unknown_to(earlier, unreadable)
    if earlier and not late and not strange:
        _empty(call_dir, sizes)
        return earlier[-1]
    place = parent / _name(call_id, part)
    building = archive / f".building-{place.name}"
    try:
        shutil.rmtree(building, ignore_errors=True)
        private_folder(building)
        kept = _keep_unreadable(building, strange)
        manifest = _build(
            building, call_id, part, earlier, late, kept, legs, node, previous, sealed_at
        )
        private_folder(parent)
        building.rename(place)
        # Only now: whoever is not root may not move a folder he may not write to.
        place.chmod(0o500)
        sync(parent)
    except (OSError, soundfile.LibsndfileError) as error:
        shutil.rmtree(building, ignore_errors=True)
        raise SpoolKept(f"{call_id}: {error}") from error
    sealed = Sealed(manifest, str(place.relative_to(archive)))
    tell(sealed)
    _empty(call_dir, sizes)
    return sealed


def _build(
    folder: Path, call_id: str, part: int, earlier: Sequence[Sealed],
    read: Sequence[tuple[SpoolTrack, Pcm]], unreadable: list[UnreadableEntry],
    legs: Sequence[LegTalk], node: str, previous: str, sealed_at: datetime,
) -> Manifest:  # fmt: skip
    start = _clock_start(read, sealed_at)
    talks = {leg.leg_id: leg for leg in legs}
    entries = [
        _keep(folder, number, track, pcm, start, talks.get(track.leg_id or ""))
        for number, (track, pcm) in enumerate(read, 1)
    ]
    mix = _mix(folder, entries, [pcm for _, pcm in read])
    tracks = [*_sealed_in(earlier), *((_began(entry, start), entry) for entry in entries)]
    manifest = Manifest(
        call_id=call_id, part=part, node=node, sealed_at=sealed_at, clock_start=start,
        seconds=max((e.offset_ms / 1000 + e.seconds for e in entries), default=0.0),
        tracks=entries, mix=mix, gaps=_gaps(tracks, talks.values()), previous=previous,
        unreadable=unreadable,
        clock_steps=[
            ClockStep(leg_id=track.leg_id or track.source, role=track.role, step_ms=track.step_ms)
            for track, _ in read
            if track.step_ms
        ],
    )  # fmt: skip
    path = folder / NAME
    path.write_bytes(manifest.canonical())
    for written in folder.iterdir():
        sync(written)
        written.chmod(0o400)
    sync(folder)
    return manifest


def _keep_unreadable(
    folder: Path, files: Sequence[tuple[SpoolTrack, bytes]]
) -> list[UnreadableEntry]:
    """One file that is no recording must not hold up a call: it is sealed as it is."""
    kept = []
    for number, (track, raw) in enumerate(files, 1):
        name = f"{number:02d}-{track.role}.unreadable"
        (folder / name).write_bytes(raw)
        kept.append(
            UnreadableEntry(
                source=track.source, role=track.role, file=name, sha256=sha256(raw).hexdigest()
            )
        )  # fmt: skip
    return kept


def _unknown_to(
    parts: Sequence[Sealed], files: Sequence[tuple[SpoolTrack, bytes]]
) -> list[tuple[SpoolTrack, bytes]]:
    """As `_not_in`, for what cannot be read."""
    held = {entry.sha256 for part in parts for entry in part.manifest.unreadable}
    return [(track, raw) for track, raw in files if sha256(raw).hexdigest() not in held]


def _clock_start(read: Sequence[tuple[SpoolTrack, Pcm]], otherwise: datetime) -> datetime:
    """The first moment of the earliest track is zero on the call's clock."""
    starts = [track.start_ms for track, _ in read if track.start_ms is not None]
    return datetime.fromtimestamp(min(starts) / 1000, UTC) if starts else otherwise


def _keep(
    folder: Path, number: int, track: SpoolTrack, pcm: Pcm, start: datetime, talk: LegTalk | None
) -> TrackEntry:
    name = f"{number:02d}-{track.role}.flac"
    # libsndfile writes no valid FLAC of nothing: an empty track is one sample of silence.
    samples = pcm.samples if len(pcm.samples) else np.zeros(1, np.int16)
    soundfile.write(folder / name, samples, pcm.rate, subtype="PCM_16", format="FLAC")
    offset = track.start_ms - round(start.timestamp() * 1000) if track.start_ms else 0
    return TrackEntry(
        leg_id=track.leg_id or track.source, role=track.role, file=name,
        sha256=file_sha256(folder / name),
        pcm_sha256=sha256(pcm.samples.tobytes()).hexdigest(), offset_ms=offset,
        seconds=round(pcm.seconds, 3), expected_seconds=round(talk.seconds, 3) if talk else None,
        repaired=pcm.repaired,
    )  # fmt: skip


def _mix(folder: Path, entries: Sequence[TrackEntry], pcms: Sequence[Pcm]) -> MixEntry | None:
    """Everybody at their own moment, by pydub."""
    if not entries:
        return None
    length = max(e.offset_ms + round(e.seconds * 1000) for e in entries)
    path = folder / "mix.flac"
    if len(entries) == 1:
        # One person alone (a message, an abandoned call) is the mix already.
        path.hardlink_to(folder / entries[0].file)
        return MixEntry(file=path.name, sha256=entries[0].sha256, seconds=entries[0].seconds)
    mixed = AudioSegment.silent(duration=max(length, 1), frame_rate=pcms[0].rate)
    for entry, pcm in zip(entries, pcms, strict=True):
        voice = AudioSegment(pcm.samples.tobytes(), sample_width=2, frame_rate=pcm.rate, channels=1)
        mixed = mixed.overlay(voice, position=entry.offset_ms)
    samples = np.frombuffer(mixed.raw_data, dtype="<i2")
    soundfile.write(path, samples, mixed.frame_rate, subtype="PCM_16", format="FLAC")
    return MixEntry(file=path.name, sha256=file_sha256(path), seconds=round(length / 1000, 3))


def _gaps(tracks: Iterable[tuple[int, TrackEntry]], talks: Iterable[LegTalk]) -> list[Gap]:
    """Legs whose tracks are shorter than they talked, all tracks of a leg taken together.

    `tracks`: of all parts of the call, each with its first moment.
    """
    longest: dict[tuple[str, int], float] = {}
    for began, entry in tracks:
        # A track that grew after it was sealed lies in two parts.
        track = entry.leg_id, began
        longest[track] = max(longest.get(track, 0.0), entry.seconds)
    recorded: dict[str, float] = {}
    for (leg_id, _), seconds in longest.items():
        recorded[leg_id] = recorded.get(leg_id, 0.0) + seconds
    return [
        Gap(
            leg_id=talk.leg_id, role=talk.role, expected_seconds=round(talk.seconds, 3),
            recorded_seconds=round(recorded.get(talk.leg_id, 0.0), 3),
        )
        for talk in talks
        if talk.seconds - recorded.get(talk.leg_id, 0.0) > ALARM_SECONDS
    ]  # fmt: skip


def _sealed_in(parts: Sequence[Sealed]) -> list[tuple[int, TrackEntry]]:
    """Every track of these parts with its first moment."""
    return [
        (_began(entry, part.manifest.clock_start), entry)
        for part in parts
        for entry in part.manifest.tracks
    ]


def _began(entry: TrackEntry, clock_start: datetime) -> int:
    """A track's first moment, in ms since 1970, as its name in the spool told it."""
    return round(clock_start.timestamp() * 1000) + entry.offset_ms


def _name(call_id: str, part: int) -> str:
    return call_id if part == 1 else f"{call_id}.{part}"


def _folder_for(
    archive: Path, call_id: str, read: Sequence[tuple[SpoolTrack, Pcm]], sealed_at: datetime
) -> Path:
    """The day the call's first part lies in, beside which later parts lie; else the call's own.

    Looked for around that day, and not in every day of an archive of years: this is done with
    each call. Only where no track says when it began may an earlier part lie anywhere.
    """
    day = _clock_start(read, sealed_at).astimezone(CITY_TIME)
    if all(track.start_ms is None for track, _ in read):
        days = sorted(archive.glob("[0-9]*/*/*"))
    else:
        days = [_of_day(archive, day + timedelta(days=n)) for n in PART_DAYS]
    found = (parent for parent in days if (parent / call_id).exists())
    return next(found, _of_day(archive, day))


def _of_day(archive: Path, day: datetime) -> Path:
    return archive / f"{day:%Y/%m/%d}"


def _next_part(parent: Path, call_id: str) -> int:
    part = 1
    while (parent / _name(call_id, part)).exists():
        part += 1
    return part


def _sound_parts(parent: Path, call_id: str, part: int, archive: Path) -> list[Sealed]:
    """Earlier seals whose every track is still what was sealed; a damaged one proves nothing."""
    found = []
    for earlier in range(1, part):
        place = parent / _name(call_id, earlier)
        try:
            manifest = read_manifest(place)
            whole = all(file_sha256(place / t.file) == t.sha256 for t in manifest.tracks)
        except (OSError, ValueError):
            continue
        if whole:
            found.append(Sealed(manifest, str(place.relative_to(archive))))
    return found


def _not_in(
    parts: Sequence[Sealed], read: Sequence[tuple[SpoolTrack, Pcm]], archive: Path
) -> list[tuple[SpoolTrack, Pcm]]:
    """The tracks no earlier part holds: all of them, or those that came late."""
    return [
        (track, pcm)
        for track, pcm in read
        if not any(_is_held(track, pcm, part, archive) for part in parts)
    ]


def _is_held(track: SpoolTrack, pcm: Pcm, part: Sealed, archive: Path) -> bool:
    """Whether a part holds these samples: as a track, or as the beginning of the same track.

    A backup copies a track while it is being written, and its seal a moment later.
    """
    mine = [e for e in part.manifest.tracks if e.leg_id == (track.leg_id or track.source)]
    pcm_sha256 = sha256(pcm.samples.tobytes()).hexdigest()
    return any(
        entry.pcm_sha256 == pcm_sha256
        or (
            track.start_ms in (None, _began(entry, part.manifest.clock_start))
            and _begins_with(archive / part.folder / entry.file, pcm)
        )
        for entry in mine
    )


def _begins_with(file: Path, pcm: Pcm) -> bool:
    try:
        held, _ = soundfile.read(file, len(pcm.samples), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise SpoolKept(f"{file}: {error}") from error
    return np.array_equal(held, pcm.samples)


def _empty(call_dir: Path, sizes: Mapping[Path, int]) -> None:
    """Remove what was sealed and nothing else: a file that came or grew meanwhile stays."""
    for path, size in sizes.items():
        if path.lstat().st_size == size:
            path.unlink()
    if not call_dir.is_dir():
        return
    below = sorted((p for p in call_dir.rglob("*") if p.is_dir()), reverse=True)
    for folder in (*below, call_dir):
        if not any(folder.iterdir()):
            folder.rmdir()
