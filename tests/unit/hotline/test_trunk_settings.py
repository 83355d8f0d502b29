"""Settings, above all of trunks: every mistake is told by its name."""

import json
from pathlib import Path
from typing import Any

import pytest

from hotline.installation import Installation
from hotline.run import environment_of
from hotline.secrets import SecretBox
from hotline.settings import Settings, SettingsWrong, load_settings

TELECOM = {"name": "telecom", "host": "198.51.100.5"}


@pytest.mark.parametrize(
    ("trunks", "more", "said"),
    [
        ([{"name": "Telecom", "host": "h"}], {}, "TRUNKS.0.NAME"),
        ([{"name": "telecom", "host": "a b"}], {}, "TRUNKS.0.HOST"),
        ([{"name": "telecom"}], {}, "TRUNKS.0.HOST"),
        ([{**TELECOM, "port": 70000}], {}, "TRUNKS.0.PORT"),
        ([{**TELECOM, "transport": "sctp"}], {}, "TRUNKS.0.TRANSPORT"),
        ([{**TELECOM, "codecs": ["g729"]}], {}, "TRUNKS.0.CODECS.0"),
        ([{**TELECOM, "codecs": []}], {}, "TRUNKS.0.CODECS"),
        ([{**TELECOM, "password": "x"}], {}, "TRUNKS.0.PASSWORD"),
        ([{**TELECOM, "addresses": ["1.2.3.4\nx"]}], {}, "TRUNKS.0.ADDRESSES.0"),
        ([{**TELECOM, "registers": True}], {}, "needs a user"),
        ([{**TELECOM, "name": "system"}], {}, "taken by Asterisk"),
        ([TELECOM, TELECOM], {}, "telecom stands there twice"),
        ([{**TELECOM, "transport": "tls"}], {}, "sip_tls_port"),
        ([{**TELECOM, "transport": "tcp"}], {"SIP_TLS_PORT": "5060"}, "where the tcp trunks are"),
        ([TELECOM], {"TLS_CERT": "/etc/hostname"}, "of no use without the other"),
        ([TELECOM], {"TLS_CERT": "/no/a", "TLS_KEY": "/no/b"}, "no file /no/a, /no/b"),
    ],
)
def test_mistakes(
    monkeypatch: pytest.MonkeyPatch, trunks: list[Any], more: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("HOTLINE_TRUNKS", json.dumps(trunks))
    for name, value in more.items():
        monkeypatch.setenv(f"HOTLINE_{name}", value)
    with pytest.raises(SettingsWrong) as wrong:
        load_settings()
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("HOTLINE_PHONES", "1001,1002"), ("HOTLINE_TRUNKS", "[{'user': 'u', 'port': 1002}]")],
)
def test_what_is_no_json_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsWrong, match=rf"^{name}: .*JSON") as wrong:
        load_settings()
    assert "1002" not in str(wrong.value)


@pytest.mark.parametrize("text", [b'number = "12345\n', 'node = "密"\n'.encode("gbk")])
def test_a_file_that_is_no_toml_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    (tmp_path / "hotline.toml").write_bytes(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsWrong, match=r"^hotline\.toml: "):
        load_settings()


def test_in_order_and_with_their_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "trunks": [
                {**TELECOM, "order": 2, "registers": True, "user": "u"},
                {"name": "unicom", "host": "h", "order": 1},
            ],
        }
    )
    SecretBox(tmp_path / "secrets.json").keep("trunk-telecom", "stored")
    first, second = Installation(settings).trunks
    assert (first.name, second.name, second.password) == ("unicom", "telecom", "stored")
    assert "stored" not in repr(second)
    assert "stored" not in str(environment_of(settings))
    monkeypatch.setenv("HOTLINE_TRUNK_PASSWORD_TELECOM", "from outside")
    assert Installation(settings).trunks[1].password == "from outside"
    assert Settings.model_validate(
        {"trunks": json.loads(environment_of(settings)["HOTLINE_TRUNKS"])}
    ).trunks == settings.trunks  # fmt: skip


def test_the_short_form_is_one_trunk(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, trunk_host="192.0.2.1", trunk_port=5080)
    [trunk] = Installation(settings).trunks
    assert (trunk.name, trunk.host, trunk.port, trunk.registers) == (
        "trunk", "192.0.2.1", 5080, False,
    )  # fmt: skip


def test_phones_of_the_settings_and_of_the_book(tmp_path: Path) -> None:
    from telephony.phones.book import Phone

    installation = Installation(Settings(data_dir=tmp_path, phones=["1001"]))
    installation.phone_book.add(Phone("1009", tls=True))
    found = installation.phones
    assert [(p.extension, p.tls) for p in found] == [("1001", False), ("1009", True)]
    assert len({p.secret for p in found}) == 2
    assert [p.secret for p in installation.phones] == [p.secret for p in found]
