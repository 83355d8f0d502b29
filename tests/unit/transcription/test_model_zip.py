"""A zip somebody hands us is unpacked without trusting it."""

import stat
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from transcription.engine import ModelUnusable
from transcription.model_zip import add_model
from transcription.vosk_engine import looks_like_model

NEW = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst")
BIG = ("am/final.mdl", "conf/mfcc.conf", "graph/HCLG.fst")
OLD = ("final.mdl", "mfcc.conf", "HCLG.fst")


def zipped(path: Path, names: tuple[str, ...], root: str = "", content: str = "x" * 500) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(root + name, content)
    return path


@pytest.mark.parametrize("names", [NEW, BIG, OLD], ids=["lookahead", "static graph", "flat"])
@pytest.mark.parametrize("root", ["vosk-model-small-cn-0.22/", ""], ids=["in a folder", "bare"])
def test_both_layouts_are_taken(tmp_path: Path, names: tuple[str, ...], root: str) -> None:
    zip_file = zipped(tmp_path / "vosk-model-small-cn-0.22.zip", names, root)

    folder = add_model(zip_file, tmp_path / "added")

    assert folder.name.partition("~")[0] == "vosk-model-small-cn-0.22"
    assert looks_like_model(folder)
    assert add_model(zip_file, tmp_path / "added") == folder
    assert list((tmp_path / "added").iterdir()) == [folder]


def test_a_damaged_unpacked_model_is_unpacked_again(tmp_path: Path) -> None:
    zip_file = zipped(tmp_path / "m.zip", NEW, "m/")
    folder = add_model(zip_file, tmp_path / "added")
    (folder / "am/final.mdl").unlink()

    assert looks_like_model(add_model(zip_file, tmp_path / "added"))


ESCAPES = ["../evil", "m/../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "m/./../../../evil"]


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    zip_file = zipped(tmp_path / "m.zip", (*NEW, name))

    with pytest.raises(ModelUnusable, match="outside"):
        add_model(zip_file, tmp_path / "deep" / "added")

    assert not list(tmp_path.rglob("*evil*"))
    assert not list((tmp_path / "deep" / "added").iterdir())


def test_a_link_is_refused(tmp_path: Path) -> None:
    zip_file = zipped(tmp_path / "m.zip", NEW)
    link = ZipInfo("graph/words.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(zip_file, "a") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(ModelUnusable, match="link"):
        add_model(zip_file, tmp_path / "added")


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transcription.model_zip.MOST_BYTES", 2000)

    with pytest.raises(ModelUnusable, match="larger"):
        add_model(zipped(tmp_path / "m.zip", NEW), tmp_path / "added")


def test_two_models_in_one_zip_are_refused(tmp_path: Path) -> None:
    names = tuple(f"a/{name}" for name in NEW) + tuple(f"b/{name}" for name in NEW)
    with pytest.raises(ModelUnusable, match="more than one"):
        add_model(zipped(tmp_path / "m.zip", names), tmp_path / "added")


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"final\.mdl"):
        add_model(zipped(tmp_path / "m.zip", ("README", "conf/mfcc.conf")), tmp_path / "added")
    with pytest.raises(ModelUnusable, match="not a file"):
        add_model(tmp_path / "none.zip", tmp_path / "added")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_torn_zip_is_named_and_leaves_nothing(tmp_path: Path, keep: float) -> None:
    zip_file = zipped(tmp_path / "m.zip", NEW)
    whole = zip_file.read_bytes()
    zip_file.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else int(keep)])

    with pytest.raises(ModelUnusable, match="cannot be unpacked"):
        add_model(zip_file, tmp_path / "added")
    assert not list((tmp_path / "added").iterdir())


def test_a_flipped_byte_inside_is_named(tmp_path: Path) -> None:
    zip_file = zipped(tmp_path / "m.zip", NEW)
    content = bytearray(zip_file.read_bytes())
    content[45] ^= 0xFF
    zip_file.write_bytes(content)

    with pytest.raises(ModelUnusable, match="cannot be unpacked"):
        add_model(zip_file, tmp_path / "added")
