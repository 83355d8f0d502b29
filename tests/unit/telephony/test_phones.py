"""The phone book, a phone's account and its picture, a certificate of our own."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telephony.asterisk.certificate import expires, is_self_signed, make_self_signed
from telephony.phones.account import Account
from telephony.phones.book import BadPhone, Phone, PhoneBook


def test_a_phone_is_added_once_kept_and_taken_away(tmp_path: Path) -> None:
    book = PhoneBook(tmp_path / "phones.json")
    book.add(Phone("1009", "新座位", tls=True))
    assert PhoneBook(tmp_path / "phones.json").phones() == [Phone("1009", "新座位", tls=True)]
    with pytest.raises(BadPhone, match="1009"):
        book.add(Phone("1009"))
    book.remove("1009")
    assert book.phones() == []
    with pytest.raises(BadPhone, match="no such phone"):
        book.remove("1009")


@pytest.mark.parametrize(
    "phone",
    [Phone("1"), Phone("12a"), Phone("123456789"), Phone(""), Phone("10\n01"), Phone("1001;x"),
     Phone("1001", "n" * 81), Phone("1001", "a\nb")],
)  # fmt: skip
def test_what_is_no_phone_is_refused(tmp_path: Path, phone: Phone) -> None:
    book = PhoneBook(tmp_path / "phones.json")
    with pytest.raises(BadPhone):
        book.add(phone)
    assert book.phones() == []


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(2000, 2020)]
    threads = [
        threading.Thread(target=PhoneBook(tmp_path / "phones.json").add, args=(Phone(number),))
        for number in numbers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(p.extension for p in PhoneBook(tmp_path / "phones.json").phones()) == numbers


@pytest.mark.parametrize("text", ["{", "[1]", json.dumps([{"strange": 1}])])
def test_a_broken_book_names_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "phones.json").write_text(text)
    with pytest.raises(BadPhone, match=r"phones\.json"):
        PhoneBook(tmp_path / "phones.json").phones()


def test_the_account_as_text_and_picture() -> None:
    account = Account("1009", "a/b:c@d", "192.0.2.10", 5061, tls=True)
    assert account.uri == "sip:1009:a%2Fb%3Ac%40d@192.0.2.10:5061;transport=tls"
    assert "a/b:c@d" not in repr(account)
    lines = account.picture().splitlines()
    assert len(lines) > 15
    assert {len(line) for line in lines if "█" in line} == {len(lines[0])}


@pytest.mark.parametrize("address", ["192.0.2.10", "hotline.example.cn"])
def test_a_certificate_of_our_own(tmp_path: Path, address: str) -> None:
    make_self_signed(tmp_path, address)
    assert is_self_signed(tmp_path / "cert.pem")
    assert expires(tmp_path / "cert.pem") > datetime.now(UTC) + timedelta(days=3000)
    assert (tmp_path / "key.pem").stat().st_mode & 0o77 == 0
