"""Which model listens, in what order, and what the ticket says about it."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from transcription import models, whisper_model
from transcription.download import DownloadRefused, ModelUnreachable, fetched
from transcription.engine import ModelUnusable
from transcription.models import ModelSettings, add_zip, fetch_model, find_model

PARTS = ("am/final.mdl", "conf/mfcc.conf", "graph/HCLG.fst")
SOME_HASH = "0" * 64


def given_model(folder: Path, age: int = 0) -> Path:
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).write_text("looks like one")
    os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    return folder


@contextmanager
def site(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A web server on a free port; yields the address of a zip on it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/vosk-model-small-cn-0.22.zip"
        server.shutdown()
        thread.join()


def gives(content: bytes, promised: int | None = None, status: int = 200):  # type: ignore[no-untyped-def]
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(promised or len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def test_the_order_of_choice(tmp_path: Path) -> None:
    named = given_model(tmp_path / "named" / "vosk-model-cn-0.22")
    dirs = tmp_path / "models"
    settings = ModelSettings(models_dir=dirs)

    steps: list[str] = [find_model(settings).reason.zh]
    given_model(dirs / "fetched" / "vosk-model-small-cn-0.22~aaaa")
    steps.append(find_model(settings).reason.zh)
    given_model(dirs / "added" / "city-model~bbbb", age=5)
    given_model(dirs / "added" / "city-model-2~cccc", age=0)
    given_model(dirs / "added" / ".unpack-half")
    (dirs / "added" / "no-model").mkdir()
    steps.append(find_model(settings).reason.zh)
    steps.append(find_model(settings.model_copy(update={"folder": named})).reason.zh)

    assert steps == [
        "没有可用的中文 Vosk 模型（未添加模型，也未配置下载校验值），"
        "改用第二引擎 faster-whisper 转写。",
        "使用已下载的语音模型 vosk-model-small-cn-0.22。",
        "使用已添加的语音模型 city-model-2。",
        "使用指定的语音模型 vosk-model-cn-0.22。",
    ]


def test_a_named_folder_is_never_passed_over(tmp_path: Path) -> None:
    given_model(tmp_path / "added" / "good~aaaa")
    with pytest.raises(ModelUnusable, match="nowhere"):
        models.choose_engine(ModelSettings(models_dir=tmp_path, folder=tmp_path / "nowhere"))


def test_without_a_second_engine_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelUnusable, match="switched off"):
        find_model(ModelSettings(models_dir=tmp_path, second_engine=False))

    monkeypatch.setattr(whisper_model, "PARTS", (("no_such_package", "model.bin.part1"),))
    with pytest.raises(ModelUnusable, match="speech-models is not installed"):
        find_model(ModelSettings(models_dir=tmp_path))
    with pytest.raises(ModelUnusable, match="no_such_package"):
        whisper_model.join_model(tmp_path)


def test_other_bytes_than_the_pinned_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(whisper_model.SHA256, "config.json", SOME_HASH)
    with pytest.raises(ModelUnusable, match="pinned"):
        whisper_model.join_model(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_zip_that_cannot_decode_is_not_kept(tmp_path: Path) -> None:
    from zipfile import ZipFile

    with ZipFile(tmp_path / "m.zip", "w") as archive:
        for part in PARTS:
            archive.writestr(part, "looks like one")

    with pytest.raises(ModelUnusable, match="damaged"):
        add_zip(tmp_path / "m.zip", ModelSettings(models_dir=tmp_path / "models"))
    assert not list((tmp_path / "models" / "added").iterdir())


def test_a_pinned_download_arrives(tmp_path: Path) -> None:
    content = b"a zip" * 100_000
    with (
        site(gives(content)) as url,
        fetched(url, hashlib.sha256(content).hexdigest(), tmp_path) as file,
    ):
        assert (file.name, file.read_bytes()) == ("vosk-model-small-cn-0.22.zip", content)
    assert not list(tmp_path.iterdir())


REFUSALS = [
    (gives(b"other bytes"), SOME_HASH, DownloadRefused, "下载校验不符"),
    (gives(b"half", promised=1000), SOME_HASH, ModelUnreachable, "下载站点无法连接"),
    (gives(b"", status=404), SOME_HASH, ModelUnreachable, "下载站点无法连接"),
    (gives(b"no zip"), hashlib.sha256(b"no zip").hexdigest(), ModelUnusable, "不是可用模型"),
]


@pytest.mark.parametrize(("answer", "sha256", "error", "words"), REFUSALS)
def test_a_failed_download_is_told_on_the_ticket(
    tmp_path: Path,
    answer: Callable[[BaseHTTPRequestHandler], None],
    sha256: str,
    error: type[Exception],
    words: str,
) -> None:
    with site(answer) as url:
        settings = ModelSettings(models_dir=tmp_path, download_url=url, download_sha256=sha256)
        with pytest.raises(error):
            fetch_model(settings)

    assert words in find_model(settings).reason.zh


def test_nobody_at_the_address(tmp_path: Path) -> None:
    with site(gives(b"")) as url:
        pass  # the server is gone again: its port is closed
    settings = ModelSettings(models_dir=tmp_path, download_url=url, download_sha256=SOME_HASH)

    assert "尚未下载" in find_model(settings).reason.zh
    with pytest.raises(ModelUnreachable):
        fetch_model(settings)
    assert "无法连接" in find_model(settings).reason.zh


def test_no_hash_no_download_and_nothing_is_asked_for(tmp_path: Path) -> None:
    asked: list[str] = []
    with site(lambda request: asked.append(request.path)) as url:
        with pytest.raises(DownloadRefused, match="no sha256"):
            fetch_model(ModelSettings(models_dir=tmp_path, download_url=url))
        with pytest.raises(DownloadRefused, match="https"):
            fetch_model(
                ModelSettings(
                    models_dir=tmp_path, download_url="file:///etc/x.zip", download_sha256=SOME_HASH
                )
            )
    assert asked == []
