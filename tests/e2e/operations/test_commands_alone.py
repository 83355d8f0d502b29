"""The same commands with no service, no tables, or with something that is not what they want:
each says why in a line or two, ends with code 1, and is never an accident."""

import zipfile
from pathlib import Path

import pytest

from hotline.flows import FLOWS
from hotline.settings import Settings
from telephony.ivr.prompts import OF_THE_REPOSITORY
from tests.integration.operations.program import hotline

# A process for every command keeps a processor busy: one of these stories at a time.
pytestmark = pytest.mark.xdist_group("busy")

NOTICE = str(OF_THE_REPOSITORY / "zh" / "notice.wav")
PARTS_OF_A_MODEL = (
    "am/final.mdl", "conf/model.conf", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst",
    "graph/HCLG.fst",
)  # fmt: skip

FILES = {
    "flow.yaml", "loop.yaml", "latin.yaml", "noise", "text.zip", "empty.zip", "slip.zip",
    "other.zip", "junk.zip",
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", models=tmp_path / "models")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A folder of files that are not what they are said to be."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "flow.yaml").write_text("nodes: [", "utf-8")
    (folder / "loop.yaml").write_text("a: &a {b: *a}", "utf-8")
    (folder / "latin.yaml").write_bytes(b"flow: \xff\xfe")
    (folder / "noise").write_bytes(bytes(range(256)) * 40)
    (folder / "text.zip").write_text("PK, and no zip", "utf-8")
    for name, inside in {
        "empty.zip": [], "slip.zip": ["../../evil"], "other.zip": ["readme"],
        "junk.zip": [f"vosk-model-x/{part}" for part in PARTS_OF_A_MODEL],
    }.items():  # fmt: skip
        with zipfile.ZipFile(folder / name, "w") as made:
            for one in inside:
                made.writestr(one, "junk")
    return folder


async def test_a_carrier_s_password_is_kept_before_the_first_start(settings: Settings) -> None:
    line = {"name": "unicom", "host": "198.51.100.7", "registers": True, "user": "pt12345"}
    settings = Settings.model_validate({**settings.model_dump(), "trunks": [line]})
    words = ("trunk", "password", "unicom")
    kept = await hotline(settings, *words, "--password", "from-the-carrier")
    assert kept.code == 0 and "next start" in kept.out, kept.error
    nothing = await hotline(settings, *words)
    assert nothing.code == 1 and "standard input" in nothing.error
    bad = await hotline(settings, *words, "--password", "a;b")
    assert bad.code == 1 and "semicolon" in bad.error


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("ivr check flow.yaml", "flow.yaml:1: "),
        ("ivr check latin.yaml", "latin.yaml:1: "),
        ("ivr draw loop.yaml", "aliases"),
        ("ivr compile none.yaml", "No such file"),
        ("ivr apply .", "Is a directory"),
        ("prompts replace nosuch noise", "no such prompt: nosuch"),
        ("prompts replace goodbye noise", "noise: "),
        ("prompts replace goodbye none.wav", "no such file"),
        ("prompts replace goodbye noise --language fr", "no such language: fr"),
        ("prompts record goodbye", "bin/hotline up"),
        ("trunk password other", "no such trunk; trunk"),
        ("trunk password trunk", "has no user"),
        ("phone add 1001", "in the setting"),
        ("phone add 10a1", "digits"),
        ("phone secret 9", "no such phone"),
        ("phone secret 1001 --outside", "public_address"),
        ("phone add 1099 --outside", "public_address"),
        ("phone remove 9", "no such phone"),
        ("owed list", "bin/hotline up"),
        ("owed retry", "name a call"),
        ("owed retry pbx-1 --all", "name a call"),
        ("owed retry pbx-1", "bin/hotline up"),
        ("alarm add nonsense", "no address"),
        ("alarm test", "bin/hotline alarm add"),
        ("metrics show", "bin/hotline up"),
        ("suggest 口罩 --words flow.yaml", "not valid YAML"),
        ("suggest 口罩 --words .", "IsADirectoryError"),
        ("model add text.zip", "not a zip file"),
        ("model add empty.zip", "holds no Vosk model"),
        ("model add other.zip", "holds no Vosk model"),
        ("model add slip.zip", "outside its folder"),
        ("model add junk.zip", "damaged"),
        ("model add none.zip", "is not a file"),
        ("probe", "Asterisk does not run"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(
    settings: Settings, bad: Path, words: str, told: str
) -> None:
    gone = {"none.yaml", "none.wav", "none.zip", "."}
    given = [str(bad / x) if x in gone | FILES else x for x in words.split()]
    said = await hotline(settings, *given)
    assert said.code == 1, said.out + said.error
    assert told in said.error
    assert "Traceback" not in said.error
    nothing_was_added(settings, bad)


def nothing_was_added(settings: Settings, bad: Path) -> None:
    assert list(settings.models.glob("*/[!.]*")) == []
    assert not (bad.parent / "evil").exists()


async def test_without_tables_a_voice_and_a_flow_are_changed_all_the_same(
    settings: Settings,
) -> None:
    """On the worst day too: that it was not written down is said, and is no failure."""
    said = await hotline(settings, "prompts", "replace", "goodbye", NOTICE)
    assert said.code == 0 and "replaced: goodbye" in said.out
    assert "not written down" in said.error and "Traceback" not in said.error
    assert (settings.data_dir / "sounds" / "zh" / "goodbye.wav").exists()
    said = await hotline(settings, "ivr", "apply", str(FLOWS / "putian.yaml"))
    assert said.code == 0 and "in force: putian-" in said.out
    assert "not written down" in said.error and "Traceback" not in said.error


async def test_what_needs_no_service_is_done(settings: Settings) -> None:
    shown = await hotline(settings, "phones")
    assert shown.code == 0 and shown.out.count("\n") == 1 + len(settings.phones)
    behind = settings.model_copy(update={"public_address": "203.0.113.7", "public_port": 5070})
    for words, server in (((), "127.0.0.1:5060"), (("--outside",), "203.0.113.7:5070")):
        account = await hotline(behind, "phone", "secret", "1001", *words)
        assert account.code == 0 and server in account.out and "█" in account.out
    token = await hotline(settings, "metrics", "token")
    again = await hotline(settings, "metrics", "token")
    assert token.code == 0 and len(token.out.strip()) >= 32 and token.out == again.out
    trunks = await hotline(settings, "trunk", "list")
    assert trunks.code == 0 and "unknown" in trunks.out
    added = await hotline(settings, "phone", "add", "1777", "--no-qr")
    assert added.code == 0 and "next start" in added.out
    assert "1777" in (await hotline(settings, "phones")).out
    twice = await hotline(settings, "phone", "add", "1777", "--no-qr")
    assert twice.code == 1 and "there already" in twice.error
