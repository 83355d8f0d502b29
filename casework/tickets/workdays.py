"""Room casework/tickets: work days, with the holidays and make-up days of the State Council."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
import structlog

log = structlog.get_logger()

CITY_TIME = ZoneInfo("Asia/Shanghai")
SATURDAY = 5


@lru_cache(maxsize=1024)
def is_workday(day: date) -> bool:
    """Monday to Friday, and a warning, for years whose holidays this program does not know."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        _warn_once(day.year)
        return day.weekday() < SATURDAY


def end_of_workday(moment: datetime, days: int) -> datetime:
    """When the last of so many work days ends; the day of `moment` itself does not count."""
    day = moment.astimezone(CITY_TIME).date()
    while days:
        day += timedelta(days=1)
        days -= is_workday(day)
    return datetime.combine(day + timedelta(days=1), time(), CITY_TIME)


@lru_cache(maxsize=64)
def _warn_once(year: int) -> None:
    log.warning("holidays_unknown", year=year, counted_as="Monday to Friday")
