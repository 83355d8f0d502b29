"""What is in a sound, also when a busy machine has jolted it."""

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from hotline.settings import ROOT
from simulator.city import TONES
from simulator.ears import Sound, heard_on_end, likeness, who_is_heard

PROMPTS = ROOT / "asterisk_conf/sounds/zh"
RATE = 8000
# Sentences with the same beginning, in the same voice, of the same office.
SENTENCES = (
    "desk_signed_in", "desk_signed_out", "desk_not_signed_in", "desk_paused", "desk_ready",
    "desk_wrong_code", "case_received", "case_done", "case_unknown", "queue_place", "queue_next",
    "call_back_confirm", "call_back_thanks", "full_house",
)  # fmt: skip


def prompt(name: str) -> NDArray[np.int16]:
    samples: NDArray[np.int16] = soundfile.read(PROMPTS / f"{name}.wav", dtype="int16")[0]
    return samples


def heard(samples: NDArray[np.int16]) -> Sound:
    """After a third of a second of silence; the last packet before the hang-up is missing."""
    return Sound(np.concatenate([np.zeros(2400, np.int16), samples[:-160]]), RATE, 0.0)


def jolted(samples: NDArray[np.int16], *moments: float) -> NDArray[np.int16]:
    """Packets came 40 ms late from each of these moments on (0 the beginning, 1 the end)."""
    late = np.zeros(320, np.int16)
    for moment in moments:
        place = round(len(samples) * moment / 160) * 160
        samples = np.concatenate([samples[:place], late, samples[place:]])
    return samples


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_is_known_and_no_other_is(name: str) -> None:
    assert likeness(heard(prompt(name)), prompt(name)) > 0.95
    others = {x: likeness(heard(prompt(x)), prompt(name)) for x in SENTENCES if x != name}
    assert max(others.values()) < 0.7, others


@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("moments", [(0.5,), (0.3, 0.7)])
def test_a_jolt_leaves_a_sentence_what_it_was(name: str, moments: tuple[float, ...]) -> None:
    assert likeness(heard(jolted(prompt(name), *moments)), prompt(name)) > 0.8


@pytest.mark.parametrize("name", SENTENCES)
def test_half_a_sentence_is_not_the_sentence(name: str) -> None:
    whole = prompt(name)
    assert likeness(heard(whole[: len(whole) // 2]), whole) < 0.8


def test_silence_is_no_sentence() -> None:
    assert likeness(heard(np.zeros(RATE, np.int16)), prompt("greeting")) == 0
    assert likeness(Sound(np.zeros(0, np.int16), RATE, 0.0), prompt("greeting")) == 0


def test_no_sentence_has_a_tone_in_it_and_half_a_second_of_one_is_found() -> None:
    for place in sorted(PROMPTS.glob("*.wav")):
        sound = Sound(soundfile.read(place, dtype="int16")[0], RATE, 0.0)
        assert heard_on_end(sound, 0.0, sound.ends_at) == set(), place.name
    samples = prompt("notice").copy()
    moments = np.arange(round(0.6 * RATE)) / RATE
    samples[RATE : RATE + len(moments)] = 8000 * np.sin(2 * np.pi * TONES["liaison"] * moments)
    assert heard_on_end(Sound(samples, RATE, 0.0), 0.0, 5.0) == {"liaison"}


@pytest.mark.parametrize(("gap", "heard"), [(0.0, True), (0.2, True), (0.45, False), (2.0, False)])
def test_who_is_heard_all_the_time_but_for_a_short_gap(gap: float, heard: bool) -> None:
    moments = np.arange(2 * RATE) / RATE
    tone = (8000 * np.sin(2 * np.pi * TONES["operator"] * moments)).astype(np.int16)
    tone[round(0.5 * RATE) : round((0.5 + gap) * RATE)] = 0
    if gap == 2.0:
        tone[:] = 0
    assert ("operator" in who_is_heard(Sound(tone, RATE, 0.0), 0.0, 2.0)) is heard
    assert "citizen" not in who_is_heard(Sound(tone, RATE, 0.0), 0.0, 2.0)
