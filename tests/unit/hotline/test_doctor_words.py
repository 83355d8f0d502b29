"""What the doctor makes of addresses and of Asterisk's table of sound."""

from ipaddress import ip_address

import pytest

from hotline.doctor.findings import Level
from hotline.doctor.nat import signed_in, told_wrongly
from hotline.doctor.sound import Line, lines

NETS = ["10.0.0.0/8", "192.168.0.0/16", "127.0.0.0/8"]


@pytest.mark.parametrize(
    ("outside", "announced", "media", "level"),
    [
        ("198.51.100.5", "192.0.2.10", "192.0.2.10", None),
        ("198.51.100.5", "10.1.2.3", "10.1.2.3", Level.WRONG),
        ("198.51.100.5", "192.0.2.10", "10.1.2.3", Level.WRONG),  # calls come in, and are silent
        ("198.51.100.5", "127.0.0.1", "127.0.0.1", Level.WRONG),
        ("198.51.100.5", "100.64.3.3", "100.64.3.3", Level.WRONG),  # a carrier's own NAT
        ("10.9.9.9", "10.1.2.3", "10.1.2.3", None),
        ("127.0.0.2", "127.0.0.1", "127.0.0.1", None),
        ("10.9.9.9", "192.0.2.10", "192.0.2.10", None),  # in a local net: is told ours
        ("172.16.0.9", "192.0.2.10", "192.0.2.10", Level.WARNING),  # in none
    ],
)
def test_who_is_told_which_address(
    outside: str, announced: str, media: str, level: Level | None
) -> None:
    found = told_wrongly({"trunk a": [ip_address(outside)]}, announced, media, NETS)
    assert [finding.level for finding in found] == ([level] if level else [])
    for finding in found:
        assert "trunk a" in finding.en
        assert finding.do_zh
        assert finding.do_en


def test_where_phones_are() -> None:
    shown = """
  Contact:  1001/sip:1001@203.0.113.7:41234              d5ca16b7e2 Avail         7.2
  Contact:  1002/sip:1002@[2001:db8::1]:5060             d5ca16b7e2 NonQual       nan
  Contact:  first/sip:127.0.0.2:5060                     0d6a4a3c0f Avail         0.512
"""
    assert signed_in(shown) == [
        ("1001", ip_address("203.0.113.7")), ("1002", ip_address("2001:db8::1")),
    ]  # fmt: skip


def test_the_table_of_sound_is_read() -> None:
    shown = """
                                             ...........Receive......... .........Transmit..........
 BridgeId ChannelId ........ UpTime.. Codec.   Count    Lost Pct  Jitter   Count    Lost Pct  Jitter RTT....
 ===========================================================================================================

          trunk-00000000     00:00:07 alaw          0       0    0   0.000    351       0    0   0.000   0.000
 5a0d77c8 1001-00000002      01:00:03 ulaw        149       0    0   0.001    150       0    0   0.000   0.001

Objects found: 2
"""  # noqa: E501
    assert lines(shown) == [
        Line("trunk-00000000", 7, 0, 351), Line("1001-00000002", 3603, 149, 150),
    ]  # fmt: skip
