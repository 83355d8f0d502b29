"""Room telephony/cel: one typed event, whether it came from the file or from the manager link.

`CEL_COLUMNS` is both the line Asterisk is told to write and the line that is
read back, so the settings and the parser cannot disagree.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

# Epoch seconds and six digits of microseconds: no zone to get wrong.
CEL_DATEFORMAT: Final = "%s.%6q"

# Column name -> what Asterisk calls it in cel_custom.conf, in the order of the line.
CEL_COLUMNS: Final[Mapping[str, str]] = {
    "name": "${eventenum}",
    "time": "${eventtime}",
    "user_type": "${userdeftype}",
    "caller_number": "${CALLERID(num)}",
    "caller_name": "${CALLERID(name)}",
    "exten": "${CHANNEL(exten)}",
    "context": "${CHANNEL(context)}",
    "channel": "${CHANNEL(channame)}",
    "app": "${CHANNEL(appname)}",
    "app_data": "${CHANNEL(appdata)}",
    "call_id": "${CHANNEL(accountcode)}",
    "role": "${CHANNEL(userfield)}",
    "unique_id": "${CHANNEL(uniqueid)}",
    "linked_id": "${CHANNEL(linkedid)}",
    "peer": "${BRIDGEPEER}",
    "extra": "${eventextra}",
}

# The manager's header for each column; it has no use for dateformat (see `_manager_time`).
_AMI_HEADERS: Final[Mapping[str, str]] = {
    "name": "EventName",
    "user_type": "UserDefType",
    "caller_number": "CallerIDnum",
    "caller_name": "CallerIDname",
    "exten": "Exten",
    "context": "Context",
    "channel": "Channel",
    "app": "Application",
    "app_data": "AppData",
    "call_id": "AccountCode",
    "role": "Userfield",
    "unique_id": "UniqueID",
    "linked_id": "LinkedID",
    "peer": "Peer",
    "extra": "Extra",
}

USER_DEFINED: Final = "USER_DEFINED"
CHANNEL_EVENTS: Final = frozenset(
    {
        "CHAN_START", "CHAN_END", "ANSWER", "HANGUP", "BRIDGE_ENTER", "BRIDGE_EXIT", "APP_START",
        "APP_END", "PARK_START", "PARK_END", "BLINDTRANSFER", "ATTENDEDTRANSFER", "PICKUP",
        "FORWARD", "LINKEDID_END", "LOCAL_OPTIMIZE", "LOCAL_OPTIMIZE_BEGIN", "STREAM_BEGIN",
        "STREAM_END", "DTMF",
    }
)  # fmt: skip
# Every time zone is a whole number of quarter hours away from UTC.
_QUARTER: Final = 900


class MalformedCel(ValueError):
    """A line or message that is no channel event; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class CelEvent:
    """One channel event. `exact` is False where only the manager's clock gave the microseconds."""

    name: str
    at: datetime
    unique_id: str
    linked_id: str
    channel: str
    context: str
    exten: str
    app: str
    app_data: str
    caller_number: str = field(repr=False)
    caller_name: str = field(repr=False)
    peer: str
    extra: dict[str, Any] = field(repr=False)
    user_type: str | None
    call_id: str | None
    role: str | None
    key: str
    exact: bool = True

    @property
    def moment(self) -> str:
        """`CALL`, `ACCEPTED`, … for what the dialplan reported, else the channel event's name."""
        return self.user_type or self.name if self.name == USER_DEFINED else self.name


def cel_custom_mapping() -> str:
    """The right-hand side of `cel.csv => …` in cel_custom.conf.

    Only functions Asterisk can replace by plain field names: it then writes the
    line by its fast path (it says so when it loads).
    """
    return ",".join(f"${{CSV_QUOTE({source})}}" for source in CEL_COLUMNS.values())


def event_from_columns(columns: Sequence[str]) -> CelEvent:
    """One line of the file, already split; `MalformedCel` if it is not one of ours."""
    if len(columns) != len(CEL_COLUMNS):
        raise MalformedCel(f"{len(columns)} columns instead of {len(CEL_COLUMNS)}")
    fields = dict(zip(CEL_COLUMNS, columns, strict=True))
    return _event(fields, _file_time(fields["time"]), exact=True)


def event_from_manager(headers: Mapping[str, str]) -> CelEvent:
    """A manager message `Event: CEL` (needs `timestampevents = yes` in manager.conf)."""
    fields = {column: headers.get(header, "") for column, header in _AMI_HEADERS.items()}
    if fields["name"] and fields["name"] not in CHANNEL_EVENTS and fields["name"] != USER_DEFINED:
        # Without show_user_defined=yes the dialplan's own word stands in EventName.
        fields["user_type"], fields["name"] = fields["name"], USER_DEFINED
    at = _manager_time(headers.get("EventTime", ""), headers.get("Timestamp", ""))
    return _event(fields, at, exact=False)


def _event(fields: Mapping[str, str], at: datetime, *, exact: bool) -> CelEvent:
    name, unique_id = fields["name"], fields["unique_id"]
    if name not in CHANNEL_EVENTS and name != USER_DEFINED:
        raise MalformedCel(f"unknown event {name[:40]!r}")
    if not unique_id:
        raise MalformedCel(f"{name} without a channel id")
    # Streams carry a user type in the file and none on the link: it says nothing new.
    user_type = fields["user_type"] if name == USER_DEFINED else ""
    return CelEvent(
        name=name,
        at=at,
        unique_id=unique_id,
        linked_id=fields["linked_id"],
        channel=fields["channel"],
        context=fields["context"],
        exten=fields["exten"],
        app=fields["app"],
        app_data=fields["app_data"],
        caller_number=fields["caller_number"],
        caller_name=fields["caller_name"],
        peer=fields["peer"],
        extra=_extra(fields["extra"], user_defined=name == USER_DEFINED),
        user_type=user_type or None,
        call_id=fields["call_id"] or None,
        role=fields["role"] or None,
        key=_key(name, user_type, unique_id, at, fields["extra"]),
        exact=exact,
    )


def _key(name: str, user_type: str, unique_id: str, at: datetime, extra: str) -> str:
    """The same for the file's line and the manager's message of one event.

    The manager tells the time in whole seconds, so the second is all a key can
    hold; the digest of the extra data (bridge id, cause, the dialplan's text)
    keeps apart what one channel does twice within it.
    """
    digest = blake2b(extra.encode("utf-8", "replace"), digest_size=6).hexdigest()
    return f"{name}|{user_type}|{unique_id}|{int(at.timestamp())}|{digest}"


def _extra(text: str, *, user_defined: bool) -> dict[str, Any]:
    """Asterisk's JSON as a dict; what the dialplan said is unpacked from its `extra` envelope."""
    found = _json_object(text)
    if found is None:
        return {"text": text} if text else {}
    if not user_defined or "extra" not in found:
        return found
    said = found["extra"]
    if not isinstance(said, str):
        return {"text": str(said)}
    inner = _json_object(said)
    return inner if inner is not None else ({"text": said} if said else {})


def _json_object(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _file_time(text: str) -> datetime:
    return _from_epoch(*_epoch(text))


def _manager_time(event_time: str, timestamp: str) -> datetime:
    """Second of the event, microseconds of the message where both fall into one second.

    EventTime is Asterisk's local time without a zone, whatever cel.conf says.
    Minutes and seconds are the same in every zone up to quarter hours, and the
    message's own epoch time is the anchor.
    """
    try:
        local = datetime.strptime(event_time, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - see above
    except ValueError:
        raise MalformedCel(f"EventTime {event_time[:40]!r}") from None
    if not timestamp:
        raise MalformedCel("no Timestamp: manager.conf needs timestampevents = yes")
    seconds, microseconds = _epoch(timestamp)
    late = (seconds - (local.minute * 60 + local.second)) % _QUARTER
    return _from_epoch(seconds - late, 999_999 if late else microseconds)


def _epoch(text: str) -> tuple[int, int]:
    whole, _, fraction = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 10):
        raise MalformedCel(f"time {text[:40]!r}")
    if not fraction:
        return int(whole), 0
    if not (fraction.isascii() and fraction.isdigit() and len(fraction) == 6):
        raise MalformedCel(f"time {text[:40]!r}")
    return int(whole), int(fraction)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _from_epoch(seconds: int, microseconds: int) -> datetime:
    # A float would round the microseconds.
    return _EPOCH + timedelta(seconds=seconds, microseconds=microseconds)
