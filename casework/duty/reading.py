"""Room casework/duty: single fields of a roster, from text to values. `WrongField` says why not.

Words may be English or Chinese: `primary` or `主班`, `mon` or `周一`, `day` or `每天`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import phonenumbers

from casework.duty.problems import WrongField
from casework.duty.sheet import Row
from casework.duty.times import CITY_TIME, DAY, Dated, Time, Weekly

T = TypeVar("T")

RUNGS = {
    "primary": 0, "deputy": 1, "duty_leader": 2, "主班": 0, "副班": 1, "值班领导": 2,
}  # fmt: skip
KINDS = {
    "unit": "unit", "petition": "petition", "emergency": "emergency", "leader": "leader",
    "承办单位": "unit", "信访": "petition", "应急": "emergency", "值班领导": "leader",
}  # fmt: skip
WEEKDAYS = {
    "mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6,
    "周一": 0, "周二": 1, "周三": 2, "周四": 3, "周五": 4, "周六": 5, "周日": 6,
}  # fmt: skip
EVERY_DAY = (["day"], ["每天"])
RING_SECONDS = range(5, 121)
DEFAULT_RING_SECONDS = 20
UNIT_ID = r"[a-z][a-z0-9_-]{0,39}"
PERSON_ID = r"[A-Za-z0-9_.-]{1,60}"
NAME = r".{1,100}"


def shaped(row: Row, field: str, shape: str) -> str:
    """Text of this shape."""
    value = row.text(field)
    if not re.fullmatch(shape, value):
        raise WrongField(field, "缺失或格式不对 / missing or malformed")
    return value


def chosen(row: Row, field: str, choices: Mapping[str, T], default: str = "") -> T:
    """One of a few words."""
    value = row.text(field, default)
    if value not in choices:
        raise WrongField(field, f"应为其中之一 / one of: {'、'.join(choices)}")
    return choices[value]


def ring_seconds(row: Row) -> int:
    """How long this person is rung."""
    value = row.text("ring_seconds", str(DEFAULT_RING_SECONDS))
    if not re.fullmatch(r"[0-9]{1,3}", value) or int(value) not in RING_SECONDS:
        raise WrongField("ring_seconds", "应为 5 至 120 的整数 / a whole number from 5 to 120")
    return int(value)


def internal_pattern(head: Row) -> re.Pattern[str] | None:
    """Which short numbers exist on the city's own exchange; None for none."""
    value = head.text("internal_numbers")
    try:
        return re.compile(value) if value else None
    except re.error:
        problem = "不是有效的正则表达式 / not a regular expression"
        raise WrongField("internal_numbers", problem) from None


def phone_number(row: Row, internal: re.Pattern[str] | None, field: str = "number") -> str:
    """As a subscriber in the city dials it: 13800000001, 05942691234, 6101."""
    value = row.text(field)
    if re.fullmatch(r"[0-9]{2,8}", value) and internal and internal.fullmatch(value):
        return value
    try:
        number = phonenumbers.parse(value, "CN")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise WrongField(field, "不是有效的电话号码 / not a valid telephone number")
    if number.country_code != 86:
        raise WrongField(field, "不是国内号码 / not a number of this country")
    if number.extension:
        raise WrongField(field, "不能带分机号 / an extension cannot be dialled")
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return re.sub(r"\D", "", national)


def time_of_row(row: Row) -> Time:
    """Weekly where it says `every`, dated otherwise. A group of `WrongField` if several are."""
    return _weekly(row) if "every" in row.fields else _dated(row)


def _weekly(row: Row) -> Time:
    days, start, end = _all(
        lambda: _days(row), lambda: _minute(row, "from"), lambda: _minute(row, "to")
    )
    if start == DAY:
        raise WrongField("from", "应写次日 00:00 / write 00:00 of the next day")
    return Weekly(days, start, end)


def _days(row: Row) -> frozenset[int]:
    days = row.words("every")
    if days in EVERY_DAY:
        return frozenset(range(7))
    if not days or any(day not in WEEKDAYS for day in days):
        raise WrongField("every", "应为 每天 或 [周一, 周二, …] / day, or a list of mon, tue, …")
    return frozenset(WEEKDAYS[day] for day in days)


def _minute(row: Row, field: str) -> int:
    found = re.fullmatch(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", row.text(field))
    minute = int(found[1]) * 60 + int(found[2]) if found else DAY + 1
    if minute > DAY:
        raise WrongField(field, "应为 08:00 这样的时刻 / a time of day like 08:00")
    return minute


def _dated(row: Row) -> Time:
    start, end = _all(lambda: _moment(row, "from"), lambda: _moment(row, "to"))
    if end <= start:
        raise WrongField("to", "结束不晚于开始 / does not end after it starts")
    return Dated(start, end)


def _moment(row: Row, field: str) -> datetime:
    """`2026-11-24 08:00`, in the city's time; the day's end may be written 24:00."""
    day, _, clock = row.text(field).replace("T", " ").partition(" ")
    midnight = clock == "24:00"
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}", f"{day} {clock}"):
            raise ValueError(clock)
        moment = datetime.fromisoformat(f"{day} {'00:00' if midnight else clock}")
        moment += timedelta(days=1) if midnight else timedelta()
        return moment.replace(tzinfo=CITY_TIME)
    except (ValueError, OverflowError):
        problem = "应为 2026-11-24 08:00 这样的日期和时刻 / a date and time like this"
        raise WrongField(field, problem) from None


def _all(*reads: Callable[[], Any]) -> list[Any]:
    """Every value, or every reason why not."""
    values, wrong = [], []
    for read in reads:
        try:
            values.append(read())
        except WrongField as error:
            wrong.append(error)
    if wrong:
        raise ExceptionGroup("fields", wrong)
    return values
