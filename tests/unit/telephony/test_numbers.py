"""Number forms: one table, from what carriers send and people type to the one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from telephony.numbers import LONGEST, NumberKind, dialled, read_number

AREA = "0594"
K = NumberKind
MOBILE = ("13800000001", K.NATIONAL)
LANDLINE = ("05942345678", K.NATIONAL)
HONG_KONG = ("+85261234567", K.FOREIGN)
WITHHELD = (None, K.WITHHELD)

CASES: list[tuple[str | None, tuple[str | None, K]]] = [
    # a mobile, in every form carriers send it
    ("13800000001", MOBILE),
    ("+8613800000001", MOBILE),
    ("8613800000001", MOBILE),
    ("008613800000001", MOBILE),
    ("013800000001", MOBILE),  # as dialled from another city
    ("138 0000 0001", MOBILE),
    ("138-0000-0001", MOBILE),
    ("１３８００００００01", MOBILE),
    ("tel:+86-138-0000-0001", MOBILE),
    ("sip:+8613800000001@carrier.example;user=phone", MOBILE),
    (" 13800000001\r\n", MOBILE),
    # a line of this city, and of others
    ("05942345678", LANDLINE),
    ("2345678", LANDLINE),
    ("+865942345678", LANDLINE),
    ("00865942345678", LANDLINE),
    ("(0594) 2345678", LANDLINE),
    ("01012345678", ("01012345678", K.NATIONAL)),
    ("4008001234", ("4008001234", K.NATIONAL)),
    # short ones stay what they are
    ("6101", ("6101", K.SHORT)),
    ("110", ("110", K.SHORT)),
    ("12345", ("12345", K.SHORT)),
    ("95588", ("95588", K.SHORT)),
    # from abroad
    ("+85261234567", HONG_KONG),
    ("0085261234567", HONG_KONG),
    ("+12025550123", ("+12025550123", K.FOREIGN)),
    # kept to themselves
    ("", WITHHELD),
    (None, WITHHELD),
    ("anonymous", WITHHELD),
    ("Anonymous", WITHHELD),
    ("sip:anonymous@anonymous.invalid", WITHHELD),
    ("Restricted", WITHHELD),
    ("unavailable", WITHHELD),
    # no number at all
    ("7", ("7", K.UNKNOWN)),
    ("hello", ("hello", K.UNKNOWN)),
    ("09581234567", ("09581234567", K.UNKNOWN)),
    ("19900", ("19900", K.SHORT)),
    ("'; DROP TABLE", ("'; DROP TABLE", K.UNKNOWN)),
    ("9" * 300, ("9" * LONGEST, K.UNKNOWN)),
    ("+" * 30, ("+" * 30, K.UNKNOWN)),
    ("+", ("+", K.UNKNOWN)),
    ("张三", ("张三", K.UNKNOWN)),
]


@pytest.mark.parametrize(("written", "meant"), CASES)
def test_forms(written: str | None, meant: tuple[str | None, K]) -> None:
    number = read_number(written, AREA)
    assert (number.canonical, number.kind) == meant
    assert number.can_be_dialled == (meant[1] in (K.NATIONAL, K.FOREIGN, K.SHORT))


def test_the_form_that_came_is_kept() -> None:
    assert read_number("+8613800000001").private() == {
        "caller_number": "13800000001", "caller_raw": "+8613800000001", "caller_kind": "national",
    }  # fmt: skip


def test_without_an_area_code_a_local_number_is_nobodys() -> None:
    assert read_number("2345678").kind is K.UNKNOWN


@pytest.mark.parametrize("canonical", sorted({meant[0] for _, meant in CASES if meant[0]}))
def test_the_one_form_stays_itself(canonical: str) -> None:
    assert read_number(canonical, AREA).canonical == canonical


def test_what_is_dialled() -> None:
    assert dialled("+8613800000001", AREA) == "13800000001"
    assert dialled("nonsense", AREA) == "nonsense"  # and no allowed pattern matches it


@given(some.text(max_size=400))
def test_nothing_is_ever_an_error(text: str) -> None:
    number = read_number(text, AREA)
    assert number.canonical is None or len(number.canonical) <= LONGEST
