"""Room telephony: one form for every telephone number, however the carrier or a person wrote it.

A number of this country is kept as this city dials it (`13800000001`, `05942345678`), one
from abroad as E.164 (`+85261234567`), a short one as it is (`6101`, `110`). So a citizen is
one string, whichever trunk they came by, and that string can be dialled.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

COUNTRY: Final = "CN"
COUNTRY_CODE: Final = 86
# What the tables hold; longer is nobody's number.
LONGEST: Final = 40
_LONGEST_DIGITS: Final = 15
# What carriers write where the caller keeps the number to themselves.
_WITHHELD: Final = frozenset(
    {"", "anonymous", "withheld", "restricted", "private", "unknown", "unavailable", "blocked"}
)
# Extensions, emergency and service numbers: dialled as they are, by nobody's rules but the city's.
_SHORT: Final = re.compile(r"[0-9]{3,6}")
_LOCAL: Final = re.compile(r"[2-9][0-9]{6,7}")
_WRITTEN: Final = re.compile(r"\+?[0-9]+")
_BETWEEN: Final = re.compile(r"[\s().\-‐‑–/]+")


class NumberKind(StrEnum):
    """What a number is; only the first three can be dialled."""

    NATIONAL = "national"
    FOREIGN = "foreign"
    SHORT = "short"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Number:
    """`canonical` is None where there is none; for `UNKNOWN` it is what came, clipped."""

    canonical: str | None
    kind: NumberKind
    raw: str

    @property
    def can_be_dialled(self) -> bool:
        return self.kind in (NumberKind.NATIONAL, NumberKind.FOREIGN, NumberKind.SHORT)

    def private(self) -> dict[str, str | None]:
        """What the journal keeps beside a call: the one form, the form that came, the kind."""
        return {
            "caller_number": self.canonical, "caller_raw": self.raw, "caller_kind": self.kind.value
        }  # fmt: skip


def read_number(text: str | None, area_code: str = "") -> Number:
    """Never an error: what is no number is `UNKNOWN`. `area_code` (`0594`) completes local ones."""
    raw = _printable(text or "")[: LONGEST * 2]
    bare = _without_scheme(raw)
    if bare.lower() in _WITHHELD:
        return Number(None, NumberKind.WITHHELD, raw)
    digits = _BETWEEN.sub("", phonenumbers.normalize_digits_only(bare, keep_non_digits=True))
    if not _WRITTEN.fullmatch(digits) or len(digits) > _LONGEST_DIGITS + 5:
        return _unknown(raw, bare)
    if _SHORT.fullmatch(digits):
        return Number(digits, NumberKind.SHORT, raw)
    if area_code and _LOCAL.fullmatch(digits):
        digits = area_code + digits
    return _by_plan(digits, raw) or _unknown(raw, bare)


def dialled(text: str, area_code: str = "") -> str:
    """The form in which a number is compared, allowed and dialled; what is none stays as it is."""
    number = read_number(text, area_code)
    return number.canonical or text if number.can_be_dialled else text


def _by_plan(digits: str, raw: str) -> Number | None:
    try:
        parsed = phonenumbers.parse(digits, COUNTRY)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    if parsed.country_code != COUNTRY_CODE:
        international = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        return Number(international, NumberKind.FOREIGN, raw)
    national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    return Number(re.sub(r"\D", "", national), NumberKind.NATIONAL, raw)


def _unknown(raw: str, bare: str) -> Number:
    return Number(bare[:LONGEST], NumberKind.UNKNOWN, raw)


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()


def _without_scheme(text: str) -> str:
    """`sip:+86138…@host;user=phone` and `tel:+86-138…;ext=…` hold a number at their head."""
    head = re.sub(r"^(?:sips?|tel):", "", text, flags=re.IGNORECASE)
    return head.partition(";")[0].partition("@")[0].strip() if head != text else text
