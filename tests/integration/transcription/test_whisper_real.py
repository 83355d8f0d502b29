"""The second engine, offline, on Chinese."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from transcription import whisper_model
from transcription.engine import RATE, ModelUnusable
from transcription.timeline import TrackAudio, read_track, words_of_track
from transcription.whisper_engine import WhisperEngine, speech_in
from transcription.worker import transcribe_call


def test_two_people_in_chinese(whisper: WhisperEngine, voices: Path, tmp_path: Path) -> None:
    # 0 s │ citizen: 我要投诉，… (7 s) │ 20 s of silence │ 35 s: 好的，谢谢你们 …
    #                                  │ 30 s: operator registers it
    complaint, rate = soundfile.read(voices / "citizen_mask.wav", dtype="int16")
    thanks, _ = soundfile.read(voices / "citizen_thanks.wav", dtype="int16")
    silence = np.zeros(35 * rate - len(complaint), np.int16)
    soundfile.write(tmp_path / "c.flac", np.concatenate([complaint, silence, thanks]), rate)
    tracks = [
        TrackAudio("leg-2", "operator", voices / "operator_register.wav", 30_000),
        TrackAudio("leg-1", "citizen", tmp_path / "c.flac", 0),
    ]

    timeline = transcribe_call(tracks, whisper)

    said = [(utterance.role, utterance.text) for utterance in timeline.utterances]
    by_citizen = "".join(text for role, text in said if role == "citizen")
    by_operator = "".join(text for role, text in said if role == "operator")
    assert all(word in by_citizen for word in ("投诉", "街道", "口罩", "价格", "谢谢")), said
    assert all(word in by_operator for word in ("问题", "登记", "回复")), said
    roles = [role for role, _ in said]
    assert roles.index("operator") > 0 and roles[-1] == "citizen"
    [words_of_thanks] = [u for u in timeline.utterances if "谢谢" in u.text]
    assert 34.8 <= words_of_thanks.start <= 35.7
    assert (timeline.engine, timeline.model) == ("faster-whisper", "whisper-base")


def test_silence_and_noise_say_nothing(whisper: WhisperEngine) -> None:
    assert words_of_track(np.zeros(60 * RATE, np.int16), whisper) == []
    assert whisper.words(np.zeros(0, np.int16)) == []
    # Which noise Whisper takes for words differs from processor to processor: one in ten or so.
    for seed, loudness in product(range(8), (500, 1500, 5000)):
        noise = np.random.default_rng(seed).normal(0, loudness, 10 * RATE)
        assert words_of_track(noise.astype(np.int16), whisper) == [], (seed, loudness)


def test_a_voice_is_heard_through_noise_as_loud_as_itself(voices: Path) -> None:
    complaint = read_track(voices / "citizen_mask.wav").astype(np.float32) / 32768
    power = np.sqrt(np.mean(complaint**2))
    street = np.random.default_rng(1).normal(0, power, 5 * RATE + len(complaint))
    street[5 * RATE :] += complaint  # nobody for 5 s

    speech = speech_in(street.astype(np.float32))

    assert speech, "nobody was heard"
    assert 4.0 <= speech[0].start <= 6.0
    assert speech[-1].end >= len(street) / RATE - 0.5


def test_a_damaged_copy_is_made_anew(whisper: WhisperEngine, models_dir: Path) -> None:
    model = models_dir / whisper_model.FOLDER / "model.bin"
    with model.open("r+b") as opened:
        opened.seek(1000)
        opened.write(b"damage")
    assert not whisper_model.complete(model.parent)

    assert whisper_model.complete(whisper_model.join_model(models_dir))
    assert [one.name for one in models_dir.iterdir()] == [whisper_model.FOLDER]


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="no Whisper model"):
        WhisperEngine(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(ModelUnusable, match="damaged"):
        WhisperEngine(tmp_path)
