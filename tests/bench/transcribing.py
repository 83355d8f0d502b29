"""What the transcriber costs, and what its work costs the calls beside it."""

import asyncio
import json
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import vosk

from simulator.ears import longest_gap
from tests.bench.prompts import prompts
from tests.bench.results import ROOT
from tests.e2e.scenes import everybody_leaves, given_bridged_call
from tests.e2e.stage import given_stage
from tests.speech import TwoSides, korean_model, two_sides
from transcription.engine import RATE, Pcm
from transcription.timeline import read_track
from transcription.vosk_engine import VoskEngine, load
from transcription.worker import transcribe_call

PLAIN_CHUNK = 4000


class SpeechBench:
    """One model, loaded and warm; two tracks of one call."""

    def __init__(self) -> None:
        self.sides: TwoSides = two_sides(Path(tempfile.mkdtemp(prefix="hotline-bench-")))
        self._engine = VoskEngine(korean_model(), "ko")
        self._model = load(korean_model().resolve())
        self._engine.words(read_track(self.sides.tracks[0].path)[: 10 * RATE])

    def compare(self) -> dict[str, float]:
        """Ours and plain Vosk over the same call: seconds on the clock, and CPU of all threads."""
        cpu, clock = time.process_time(), time.perf_counter()
        transcribe_call(self.sides.tracks, self._engine)
        our_cpu, our_clock = time.process_time() - cpu, time.perf_counter() - clock
        cpu, clock = time.process_time(), time.perf_counter()
        for track in self.sides.tracks:
            self._plain(read_track(track.path))
        plain_cpu, plain_clock = time.process_time() - cpu, time.perf_counter() - clock
        return {
            "Vosk seconds per audio second (ms)": our_clock / self.sides.seconds * 1000,
            "Vosk seconds per audio second, to plain Vosk": our_clock / plain_clock,
            "CPU of Vosk, to plain Vosk": our_cpu / plain_cpu,
        }

    def _plain(self, pcm: Pcm) -> None:
        """As Vosk's own examples do: the whole track, silence and all, in chunks, with words."""
        recogniser = vosk.KaldiRecognizer(self._model, RATE)
        recogniser.SetWords(True)
        for at in range(0, len(pcm), PLAIN_CHUNK):
            if recogniser.AcceptWaveform(pcm[at : at + PLAIN_CHUNK].tobytes()):
                json.loads(recogniser.Result())
        json.loads(recogniser.FinalResult())


async def while_transcribing(quiet: float, count: int) -> tuple[float, float]:
    """First prompt with a transcriber at work over one without; the longest gap in a track (ms)."""
    busy = await asyncio.create_subprocess_exec(
        "nice", "-n", "19", sys.executable, "-m", "tests.bench", "transcribe",
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert busy.stdout is not None
    await busy.stdout.readline()  # it has loaded its model and begins
    try:
        async with given_stage(notice="whole") as stage:
            loud = await prompts(stage, count)
        async with given_stage(notice="whole") as stage:
            await given_bridged_call(stage)
            start = time.time() + 0.3
            await asyncio.sleep(5)
            end = time.time() - 0.3
            await everybody_leaves(stage, stage.city.citizen, stage.city.operator)
            tracks = await stage.tracks()
            gap = longest_gap(tracks["citizen"], "citizen", start, end)
    finally:
        with suppress(ProcessLookupError):
            busy.terminate()
        await busy.wait()
    return loud / quiet, gap * 1000


def transcribe_for_ever() -> None:
    """What the transcriber does, on one core after another call, until terminated."""
    engine = VoskEngine(korean_model(), "ko")
    with tempfile.TemporaryDirectory() as folder:
        sides = two_sides(Path(folder))
        print("ready", flush=True)
        while True:
            transcribe_call(sides.tracks, engine)
