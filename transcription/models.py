"""Room transcription: which model listens, and why.

In this order: a folder you name, a zip you added, a pinned download, the
second engine. Nothing is ever downloaded here while calls are served: set-up
calls `fetch_model`, everything else only looks at what lies on the disk.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from transcription import download, whisper_model
from transcription.engine import Engine, ModelUnusable
from transcription.model_zip import add_model
from transcription.vosk_engine import VoskEngine, looks_like_model, model_name
from transcription.whisper_engine import HOTLINE_WORDS, WhisperEngine

SMALL_CHINESE = "https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip"
ADDED, FETCHED, NOT_FETCHED = "added", "fetched", "not-fetched.txt"


class ModelSettings(BaseModel):
    """What an installation says about its speech model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models_dir: Path
    folder: Path | None = None
    language: str | None = None
    download_url: str = SMALL_CHINESE
    # No hash is known to us from a trusted source: a city that downloads states it.
    download_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    second_engine: bool = True
    cpu_threads: int = Field(default=2, ge=1, le=64)
    hotwords: tuple[str, ...] = HOTLINE_WORDS  # the second engine expects these


@dataclass(frozen=True)
class Why:
    """The same reason twice: Chinese for the ticket, English for the log."""

    zh: str
    en: str


@dataclass(frozen=True)
class Choice:
    """A loaded engine and why it was chosen."""

    engine: Engine
    reason: Why

    @property
    def why(self) -> str:
        """The sentence for the ticket."""
        return self.reason.zh


@dataclass(frozen=True)
class Found:
    """Where the model lies; `folder` None means the second engine."""

    folder: Path | None
    reason: Why


def choose_engine(settings: ModelSettings) -> Choice:
    """Load the engine this installation can have; `ModelUnusable` when there is none."""
    found = find_model(settings)
    if found.folder is not None:
        return Choice(VoskEngine(found.folder, settings.language), found.reason)
    folder = whisper_model.join_model(settings.models_dir)
    language = settings.language or "zh"
    whisper = WhisperEngine(folder, language, settings.cpu_threads, settings.hotwords)
    return Choice(whisper, found.reason)


def find_model(settings: ModelSettings) -> Found:
    """Decide without loading anything."""
    if settings.folder is not None:
        # A folder somebody named is used or complained about, never passed over.
        name = model_name(settings.folder)
        return Found(settings.folder, Why(f"使用指定的语音模型 {name}。", f"named folder: {name}"))
    if (added := _newest(settings.models_dir / ADDED)) is not None:
        name = model_name(added)
        return Found(added, Why(f"使用已添加的语音模型 {name}。", f"added model: {name}"))
    if (fetched := _newest(settings.models_dir / FETCHED)) is not None:
        name = model_name(fetched)
        return Found(fetched, Why(f"使用已下载的语音模型 {name}。", f"downloaded: {name}"))
    reason = why_no_vosk(settings)
    if not settings.second_engine:
        raise ModelUnusable(f"no Vosk model: {reason.en}; the second engine is switched off")
    if not whisper_model.installed():
        raise ModelUnusable(f"no Vosk model: {reason.en}; extra speech-models is not installed")
    return Found(None, Why(
        f"没有可用的中文 Vosk 模型（{reason.zh}），改用第二引擎 faster-whisper 转写。",
        f"no Chinese Vosk model ({reason.en}): second engine faster-whisper",
    ))  # fmt: skip


def add_zip(zip_file: Path, settings: ModelSettings) -> Path:
    """`hotline model add FILE.zip`: unpack, and prove it by loading it once."""
    return _proven(add_model(zip_file, settings.models_dir / ADDED))


def fetch_model(settings: ModelSettings) -> Path:
    """Set-up's download. `DownloadRefused` without a pinned hash, `ModelUnreachable` offline."""
    if (fetched := _newest(settings.models_dir / FETCHED)) is not None:
        return fetched
    settings.models_dir.mkdir(parents=True, exist_ok=True)
    note = settings.models_dir / NOT_FETCHED
    try:
        with download.fetched(
            settings.download_url, settings.download_sha256, settings.models_dir
        ) as zip_file:
            folder = _proven(add_model(zip_file, settings.models_dir / FETCHED))
    except (download.DownloadRefused, download.ModelUnreachable, ModelUnusable) as error:
        note.write_text(type(error).__name__, encoding="utf-8")
        raise
    note.unlink(missing_ok=True)
    return folder


def why_no_vosk(settings: ModelSettings) -> Why:
    """What stands in the way of the download, in words."""
    if settings.download_sha256 is None:
        return Why("未添加模型，也未配置下载校验值", "none added, no pinned hash for the download")
    note = settings.models_dir / NOT_FETCHED
    tried = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
    return NOT_FETCHED_REASONS.get(tried, NEVER_TRIED)


def _proven(folder: Path) -> Path:
    """A model that looks right and cannot decode must not be chosen later: it goes again."""
    try:
        VoskEngine(folder)
    except ModelUnusable:
        shutil.rmtree(folder)
        raise
    return folder


def _newest(folder: Path) -> Path | None:
    """The model added last; half-unpacked ones are hidden and never looked at."""
    if not folder.is_dir():
        return None
    models = [
        one for one in folder.iterdir() if not one.name.startswith(".") and looks_like_model(one)
    ]
    return max(models, key=lambda model: model.stat().st_mtime_ns, default=None)


NEVER_TRIED = Why("未添加模型，尚未下载", "none added, download not yet tried")
NOT_FETCHED_REASONS = {
    "ModelUnreachable": Why(
        "未添加模型，下载站点无法连接", "none added, its makers' site is unreachable"
    ),
    "DownloadRefused": Why("未添加模型，下载校验不符", "none added, the download was refused"),
    "ModelUnusable": Why(
        "未添加模型，下载的文件不是可用模型", "none added, the download is no model"
    ),
}
