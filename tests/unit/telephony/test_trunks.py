"""Trunks: who is dialled next, what a carrier is sent, what an ended ring means."""

import pytest

from telephony.trunks.asking import contact_states, registrations
from telephony.trunks.choosing import (
    NotReached,
    TrunkState,
    choose,
    may_try_next,
    next_trunk,
    not_reached,
)
from telephony.trunks.trunk import Trunk

A, B, C = (Trunk(name, f"192.0.2.{n}") for n, name in enumerate("abc", 1))
UP, DOWN, UNKNOWN = TrunkState.UP, TrunkState.DOWN, TrunkState.UNKNOWN


@pytest.mark.parametrize(
    ("states", "tried", "chosen"),
    [
        ({}, [], "a"),
        ({"a": UP, "b": UP}, [], "a"),
        ({"a": DOWN, "b": UP}, [], "b"),
        ({"a": DOWN, "b": UNKNOWN}, [], "b"),
        ({"a": UP, "b": UP}, ["a"], "b"),
        ({"a": UP, "b": DOWN, "c": UP}, ["a"], "c"),
        ({"a": UP, "b": UP, "c": UP}, ["a", "b", "c"], None),
        ({"a": DOWN, "b": DOWN, "c": DOWN}, [], "a"),  # OPTIONS may be what it does not answer
        ({"a": DOWN, "b": DOWN, "c": DOWN}, ["a"], None),
        ({"a": DOWN, "b": UP, "c": DOWN}, ["b"], None),
    ],
)
def test_who_is_dialled(
    states: dict[str, TrunkState], tried: list[str], chosen: str | None
) -> None:
    found = choose((A, B, C), states, tried)
    assert (found.name if found else None) == chosen


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Down||34|SIP 503 Service Unavailable", NotReached.REFUSED),
        ("Down||38|SIP 500 Server Internal Error", NotReached.REFUSED),
        ("Down||102|SIP 408 Request Timeout", NotReached.REFUSED),
        ("Down||58|SIP 488 Not Acceptable Here", NotReached.REFUSED),
        ("Down||21|SIP 403 Forbidden", NotReached.REFUSED),
        ("Down||3|", NotReached.REFUSED),
        ("Down||0|", NotReached.SILENT),
        ("Down||16|", NotReached.SILENT),
        ("Dialing||0|", NotReached.SILENT),
        # a telephone may have rung: the far end's tag came with an 18x
        ("Down|f00d|19|SIP 480 Temporarily Unavailable", None),
        ("Down|f00d|34|SIP 503 Service Unavailable", None),
        ("Ringing||34|SIP 503 Service Unavailable", None),
        ("Up|f00d|16|SIP 200 OK", None),
        # an answer about the person, who would be asked again by another trunk
        ("Down||17|SIP 486 Busy Here", None),
        ("Down||19|SIP 480 Temporarily Unavailable", None),
        ("Down||21|SIP 603 Decline", None),
        ("Down||1|SIP 404 Not Found", None),
        ("", NotReached.SILENT),
    ],
)
def test_what_an_ended_ring_means(said: str, meant: NotReached | None) -> None:
    assert not_reached(said) is meant


def test_a_silent_trunk_is_given_up_only_where_it_answers_nothing_at_all() -> None:
    assert may_try_next(NotReached.REFUSED, UP)
    assert may_try_next(NotReached.SILENT, DOWN)
    assert not may_try_next(NotReached.SILENT, UP)
    assert not may_try_next(NotReached.SILENT, None)


@pytest.mark.parametrize(
    ("states", "tried", "why", "chosen"),
    [
        ({}, [], None, "a"),
        ({"a": UP}, ["a"], None, None),  # it may have rung
        ({"a": UP}, ["a"], NotReached.REFUSED, "b"),
        ({"a": UP}, ["a"], NotReached.SILENT, None),
        ({"a": DOWN}, ["a"], NotReached.SILENT, "b"),
        ({}, ["a", "b", "c"], NotReached.REFUSED, None),
    ],
)
def test_one_rule_for_ladders_and_ring_backs(
    states: dict[str, TrunkState], tried: list[str], why: NotReached | None, chosen: str | None
) -> None:
    found = next_trunk((A, B, C), states, tried, why)
    assert (found.name if found else None) == chosen


@pytest.mark.parametrize(
    ("trunk", "canonical", "dialled"),
    [
        (Trunk("a", "h"), "13800000001", "13800000001"),
        (Trunk("a", "h"), "+85261234567", "0085261234567"),
        (Trunk("a", "h"), "6101", "6101"),
        (Trunk("a", "h", numbers="e164"), "13800000001", "+8613800000001"),
        (Trunk("a", "h", numbers="e164"), "05942345678", "+865942345678"),
        (Trunk("a", "h", numbers="e164"), "+85261234567", "+85261234567"),
        (Trunk("a", "h", numbers="e164"), "110", "110"),
        (Trunk("a", "h", strip="0594"), "05942345678", "2345678"),
        (Trunk("a", "h", prefix="9"), "13800000001", "913800000001"),
        (Trunk("a", "h", numbers="e164", strip="+"), "13800000001", "8613800000001"),
    ],
)
def test_the_form_a_carrier_wants(trunk: Trunk, canonical: str, dialled: str) -> None:
    assert trunk.channel(canonical) == f"PJSIP/{dialled}@a"


def test_the_console_is_read() -> None:
    contacts = """
  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>
==========================================================================================
  Contact:  1001/sip:1001@127.0.0.3:41234                d5ca16b7e2 NonQual         nan
  Contact:  first/sip:127.0.0.2:5060                     0d6a4a3c0f Avail         0.512
  Contact:  second/sip:127.0.0.5:5060;transport=tls      fe91bbd3a1 Unavail         nan
"""
    assert contact_states(contacts) == {"1001": UNKNOWN, "first": UP, "second": DOWN}
    shown = """
 <Registration/ServerURI..............................>  <Auth....................>  <Status.......>
==========================================================================================

 telecom/sip:127.0.0.5:5060                              telecom           Registered        (exp. 295s)
 mobile/sip:127.0.0.6:5060                               mobile            Rejected          (exp. 3s)

Objects found: 2
"""  # noqa: E501
    assert registrations(shown) == {"telecom": "Registered", "mobile": "Rejected"}


def test_who_may_call_in_by_address() -> None:
    assert Trunk("a", "192.0.2.1").matches == ("192.0.2.1",)
    assert Trunk("a", "192.0.2.1", registers=True).matches == ()
    assert Trunk("a", "192.0.2.1", addresses=("192.0.2.0/28",)).matches == ("192.0.2.0/28",)
