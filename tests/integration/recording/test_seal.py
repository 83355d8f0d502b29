"""Real files, real kills: at every moment a call is whole in the spool or in the archive.

the seal dies before its n-th step (write, sync, move, remove), for every n; then again:
spool: empty | archive: one part, both tracks, hashes right
"""

import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import recording.seal as sealing
from recording.manifest import read_manifest
from recording.samples import SpoolKept
from recording.seal import LegTalk, Sealed, seal

CALL = "pbx-1764000000.12"
START_MS = 1764000000000
AT = datetime.fromtimestamp(START_MS / 1000 + 60, UTC)
FORK = multiprocessing.get_context("fork")


def tone(hz: int, seconds: float) -> NDArray[np.int16]:
    return (6000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * 8000)) / 8000)).astype(np.int16)


def given_track(root: Path, role: str, leg: str, at_ms: int, sound: NDArray[np.int16]) -> Path:
    folder = root / "spool" / CALL
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{role}~{START_MS + at_ms}~{leg}~said.wav"
    soundfile.write(path, sound, 8000, subtype="PCM_16")
    return path


def given_call(root: Path) -> None:
    given_track(root, "citizen", "leg.1", 0, tone(440, 4))
    given_track(root, "operator", "leg.2", 2000, tone(660, 2))


def sealed(root: Path, legs: tuple[LegTalk, ...] = ()) -> Sealed:
    return seal(root / "spool" / CALL, root / "archive", legs, "n1", "0" * 64, AT)


def talks(seconds: dict[str, float]) -> tuple[LegTalk, ...]:
    start = datetime.fromtimestamp(START_MS / 1000, UTC)
    return tuple(
        LegTalk(leg, "operator", start, start + timedelta(seconds=s)) for leg, s in seconds.items()
    )


def parts(root: Path) -> list[str]:
    return sorted(p.parent.name for p in (root / "archive").rglob("manifest.json"))


def leftovers(root: Path) -> list[Path]:
    return [*(root / "spool").glob("*/*"), *(root / "archive").glob(".building-*")]


def in_a_process(work: Callable[[], object]) -> int:
    process = FORK.Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def die_before_step(root: Path, fatal: int) -> None:
    """Every call that changes the disk counts as a step."""
    done = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            nonlocal done
            done += 1
            if done == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return step

    for name in ("mkdir", "rename", "unlink", "rmdir", "chmod", "write_bytes"):
        setattr(Path, name, counted(getattr(Path, name)))
    for owner, name in ((soundfile, "write"), (os, "fsync")):
        setattr(owner, name, counted(getattr(owner, name)))
    sealed(root)


def test_killed_before_any_step_then_sealed_again_nothing_is_lost(tmp_path: Path) -> None:
    codes: list[int] = []
    while not codes or codes[-1] != 0:
        root = tmp_path / str(len(codes))
        given_call(root)
        codes.append(in_a_process(partial(die_before_step, root, len(codes) + 1)))
        again = sealed(root)
        assert (parts(root), leftovers(root)) == ([CALL], []), f"step {len(codes)}"
        folder = root / "archive" / again.folder
        for entry, want in zip(again.manifest.tracks, (tone(440, 4), tone(660, 2)), strict=True):
            assert sha256((folder / entry.file).read_bytes()).hexdigest() == entry.sha256
            assert (soundfile.read(folder / entry.file, dtype="int16")[0] == want).all()
    assert set(codes[:-1]) == {-signal.SIGKILL} and len(codes) > 15


def test_the_mix_has_both_tones_at_their_second(tmp_path: Path) -> None:
    given_call(tmp_path)
    mix, _ = soundfile.read(tmp_path / "archive" / sealed(tmp_path).folder / "mix.flac")
    spectra = [abs(np.fft.rfft(mix[s * 8000 : (s + 1) * 8000])) for s in range(4)]
    assert [[hz for hz in (440, 660) if spectrum[hz] > 100] for spectrum in spectra] == [
        [440], [440], [440, 660], [440, 660],
    ]  # fmt: skip


def test_sealed_twice_is_the_same_seal(tmp_path: Path) -> None:
    given_call(tmp_path)
    assert sealed(tmp_path) == sealed(tmp_path)
    assert parts(tmp_path) == [CALL]


def test_a_late_track_becomes_a_supplement(tmp_path: Path) -> None:
    """
    leg   | talked | part 1 | part 2
    leg.1 | 4 s    | 4 s    |
    leg.2 | 2 s    | 2 s    |
    leg.3 | 1 s    |        | 1 s
    leg.9 | 2 s    |        |        a gap in both
    """
    legs = talks({"leg.1": 4, "leg.2": 2, "leg.3": 1, "leg.9": 2})
    given_call(tmp_path)
    first = sealed(tmp_path, legs)
    given_track(tmp_path, "liaison", "leg.3", 3000, tone(880, 1))
    second = sealed(tmp_path, legs)
    assert [t.role for t in second.manifest.tracks] == ["liaison"]
    assert [gap.leg_id for gap in second.manifest.gaps] == ["leg.9"]
    assert parts(tmp_path) == [CALL, f"{CALL}.2"]
    assert read_manifest(tmp_path / "archive" / first.folder) == first.manifest


def test_a_track_that_grew_after_its_seal_counts_once(tmp_path: Path) -> None:
    given_call(tmp_path)
    sealed(tmp_path)
    given_track(tmp_path, "citizen", "leg.1", 0, tone(440, 6))
    gaps = sealed(tmp_path, talks({"leg.1": 9, "leg.2": 2})).manifest.gaps
    assert [(gap.leg_id, gap.recorded_seconds) for gap in gaps] == [("leg.1", 6.0)]


@pytest.mark.parametrize("copied", [0, 44, 20_001])
def test_what_a_backup_copied_of_a_growing_track_is_held_by_its_seal(
    tmp_path: Path, copied: int
) -> None:
    given_call(tmp_path)
    first = sealed(tmp_path)
    given_call(tmp_path)
    for track in leftovers(tmp_path):
        track.write_bytes(track.read_bytes()[:copied])
    assert sealed(tmp_path) == first
    assert (parts(tmp_path), leftovers(tmp_path)) == ([CALL], [])


def test_the_beginning_of_another_track_is_not_held(tmp_path: Path) -> None:
    given_call(tmp_path)
    sealed(tmp_path)
    given_track(tmp_path, "citizen", "leg.1", 9000, tone(440, 1))
    assert [t.seconds for t in sealed(tmp_path).manifest.tracks] == [1.0]


def test_a_seal_the_journal_does_not_know_is_told_before_its_supplement(tmp_path: Path) -> None:
    """What is sealed then follows it, and not the one it follows itself."""
    given_call(tmp_path)
    first = sealed(tmp_path)
    given_track(tmp_path, "liaison", "leg.3", 3000, tone(880, 1))
    told: list[Sealed] = []

    def tell(one: Sealed) -> bool:
        told.append(one)
        return True

    spool, archive = tmp_path / "spool" / CALL, tmp_path / "archive"
    second = seal(spool, archive, (), "n1", "0" * 64, AT, tell)
    assert told == [first, second]
    assert second.manifest.previous == first.manifest_sha256


@pytest.mark.parametrize("hours", [3, 30, 49])
def test_a_late_track_of_another_day_lies_beside_the_first(tmp_path: Path, hours: int) -> None:
    given_call(tmp_path)
    first = sealed(tmp_path)
    given_track(tmp_path, "liaison", "leg.3", hours * 3_600_000, tone(880, 1))
    assert Path(sealed(tmp_path).folder).parent == Path(first.folder).parent
    assert parts(tmp_path) == [CALL, f"{CALL}.2"]


def test_a_file_that_comes_while_sealing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_call(tmp_path)
    real = sealing._build

    def meanwhile(*args: Any) -> Any:
        given_track(tmp_path, "liaison", "leg.3", 3000, tone(880, 1))
        return real(*args)

    monkeypatch.setattr(sealing, "_build", meanwhile)
    sealed(tmp_path)
    assert [p.name.split("~")[0] for p in leftovers(tmp_path)] == ["liaison"]


def test_a_damaged_archive_never_costs_the_spool(tmp_path: Path) -> None:
    given_call(tmp_path)
    shutil.copytree(tmp_path / "spool", tmp_path / "kept")
    track = tmp_path / "archive" / sealed(tmp_path).folder / "01-citizen.flac"
    track.chmod(0o600)
    track.write_bytes(track.read_bytes()[:-1] + b"?")
    shutil.copytree(tmp_path / "kept", tmp_path / "spool", dirs_exist_ok=True)
    assert [t.role for t in sealed(tmp_path).manifest.tracks] == ["citizen", "operator"]
    assert parts(tmp_path) == [CALL, f"{CALL}.2"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """The kernel refuses to write on, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_keeps_the_spool(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, 80_000).astype(np.int16)
    track = given_track(tmp_path, "citizen", "leg.1", 0, noise)
    before = track.read_bytes()
    request.getfixturevalue("small_files")
    with pytest.raises(SpoolKept):
        sealed(tmp_path)
    assert leftovers(tmp_path) == [track]
    assert track.read_bytes() == before


def test_the_service_needs_not_be_root() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        given_call(root)

        def as_nobody() -> None:
            if os.geteuid() == 0:
                for path in (root, *root.rglob("*")):
                    os.chown(path, 65534, 65534)
                os.setgid(65534)
                os.setuid(65534)
            os.umask(0)
            sealed(root)

        assert in_a_process(as_nobody) == 0
        modes = {oct(p.stat().st_mode & 0o077) for p in (root / "archive").rglob("*")}
        assert (parts(root), modes) == ([CALL], {"0o0"})


def test_missing_talk_is_a_gap(tmp_path: Path) -> None:
    given_call(tmp_path)
    gaps = sealed(tmp_path, talks({"leg.1": 4.9, "leg.2": 3.1, "leg.9": 2})).manifest.gaps
    assert [(g.leg_id, g.recorded_seconds) for g in gaps] == [("leg.2", 2.0), ("leg.9", 0.0)]


def test_a_file_that_is_no_recording_does_not_hold_up_its_call(tmp_path: Path) -> None:
    given_call(tmp_path)
    junk = tmp_path / "spool" / CALL / f"liaison~{START_MS + 3000}~leg.3~said.wav"
    junk.write_bytes(b"%PDF-1.7 not a sound")
    start = datetime.fromtimestamp(START_MS / 1000, UTC)
    talk = LegTalk("leg.3", "liaison", start, start + timedelta(seconds=3))
    done = sealed(tmp_path, (talk,))

    assert [track.role for track in done.manifest.tracks] == ["citizen", "operator"]
    [kept] = done.manifest.unreadable
    place = tmp_path / "archive" / done.folder / kept.file
    assert place.read_bytes() == b"%PDF-1.7 not a sound"
    assert (kept.role, kept.source) == ("liaison", junk.name)
    assert {fact.kind for fact in done.facts(CALL)} == {
        "recording_sealed", "recording_gap", "recording_unreadable"
    }  # fmt: skip
    assert leftovers(tmp_path) == []
    # Found again after a crash: the same seal, not a second one.
    given_call(tmp_path)
    junk.write_bytes(b"%PDF-1.7 not a sound")
    assert sealed(tmp_path, (talk,)).folder == done.folder
    assert parts(tmp_path) == [CALL]


def test_seals_without_strange_files_hash_as_they_always_did(tmp_path: Path) -> None:
    given_call(tmp_path)
    manifest = sealed(tmp_path).manifest
    assert b"unreadable" not in manifest.canonical()
    assert read_manifest(tmp_path / "archive" / sealed_folder(tmp_path)).sha256 == manifest.sha256


def sealed_folder(root: Path) -> str:
    [path] = (root / "archive").rglob("manifest.json")
    return str(path.parent.relative_to(root / "archive"))
