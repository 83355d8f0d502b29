"""Readable rosters for the tests of the room casework."""

from datetime import datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

GOOD = """\
internal_numbers: "6[0-9]{3}"
units:
  - {id: market, name: 市场监管局, kind: unit}
  - {id: letters, name: 信访局, kind: petition}
shifts:
  - {unit: market, rung: primary, person: lin, name: 林某, number: 6101, every: day, from: 08:00, to: 20:00}
  - {unit: market, rung: primary, person: su, name: 苏某, number: 6104, every: day, from: 20:00, to: 08:00}
  - {unit: market, rung: deputy, person: chen, name: 陈某, number: 138 0000 0002, ring_seconds: 30, every: day, from: 00:00, to: 24:00}
  - {unit: market, rung: duty_leader, person: huang, name: 黄某, number: "0594-2691234", every: [mon, tue, wed, thu, fri], from: 08:00, to: 18:00}
  - {unit: letters, rung: primary, person: xu, name: 许某, number: +86 13800000003, every: [mon], from: 22:00, to: 06:00}
"""  # noqa: E501 - one shift a line


def local(text: str) -> datetime:
    """`2026-11-24 08:00` in the city."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def roster_of(*shifts: str) -> str:
    """A roster of the one unit `market` with these shifts."""
    rows = "\n".join(f"  - {{unit: market, name: 某, number: 6101, {shift}}}" for shift in shifts)
    return f'internal_numbers: "6[0-9]{{3}}"\nunits:\n  - {{id: market, name: 局}}\nshifts:\n{rows}'
