"""Copies of SIP messages: which call was refused, whose, and what it offered."""

import struct
from ipaddress import ip_address

import pytest

from telephony.trunks.overhearing import REMEMBERED, NotTaken, Overhearing, offered
from telephony.trunks.trunk import Trunk

TRUNKS = (Trunk("a", "192.0.2.1"), Trunk("b", "sbc.example.net", addresses=("192.0.2.64/28",)))


def copy(message: bytes, source: str = "192.0.2.1") -> bytes:
    """As res_hep sends it."""
    chunks = b""
    for kind, content in ((3, ip_address(source).packed), (0x11, b"call"), (15, message)):
        chunks += struct.pack("!HHH", 0, kind, 6 + len(content)) + content
    return b"HEP3" + struct.pack("!H", 6 + len(chunks)) + chunks


def invite(call: str = "c1", sdp: str = "m=audio 4000 RTP/AVP 18 97 101\r\n") -> bytes:
    named = "a=rtpmap:97 iLBC/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    head = f"INVITE sip:12345@h SIP/2.0\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n\r\n"
    return f"{head}{sdp}{named}".encode()


def answer(line: str, call: str = "c1", method: str = "INVITE") -> bytes:
    return f"SIP/2.0 {line}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n\r\n".encode()


def overhearing() -> Overhearing:
    return Overhearing(TRUNKS, lambda trunk: trunk.matches)


@pytest.mark.parametrize(
    ("source", "line", "told"),
    [
        ("192.0.2.1", "488 Not Acceptable Here", NotTaken("a", ("G729", "iLBC"))),
        ("192.0.2.70", "488 Not Acceptable Here", NotTaken("b", ("G729", "iLBC"))),
        ("192.0.2.9", "488 Not Acceptable Here", NotTaken("?", ("G729", "iLBC"))),
        ("192.0.2.1", "404 Not Found", None),
        ("192.0.2.1", "200 OK", None),
    ],
)
def test_what_is_told(source: str, line: str, told: NotTaken | None) -> None:
    heard = overhearing()
    assert heard.heard(copy(invite(), source)) is None
    assert heard.heard(copy(answer("100 Trying"))) is None
    assert heard.heard(copy(answer(line))) == told
    assert heard.heard(copy(answer(line))) is None, "once"


def test_only_the_answer_to_that_invite_counts() -> None:
    heard = overhearing()
    heard.heard(copy(invite()))
    assert heard.heard(copy(answer("488 Not Acceptable Here", call="c2"))) is None


def test_many_open_invites_are_forgotten() -> None:
    heard = overhearing()
    for number in range(REMEMBERED + 1):
        heard.heard(copy(invite(f"c{number}")))
    assert heard.heard(copy(answer("488 x", "c0"))) is None
    assert heard.heard(copy(answer("488 x", f"c{REMEMBERED}"))) is not None


@pytest.mark.parametrize(
    "junk", [b"", b"HEP3", b"HEP3\0\6\0\0\0\17\0\0", b"HEP2xxxx", b"HEP3\0\377" + b"\377" * 64]
)
def test_what_is_no_copy_is_nothing(junk: bytes) -> None:
    assert overhearing().heard(junk) is None


def test_codecs_without_a_name_have_their_number_or_the_standards_name() -> None:
    assert offered(b"m=audio 4000 RTP/SAVP 0 8 77\r\n") == ("PCMU", "PCMA", "77")
    assert offered(b"m=video 4000 RTP/AVP 99\r\n") == ()
