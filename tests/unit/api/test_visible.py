"""Who sees what: plain tables."""

import pytest

from api.permissions import Role
from api.visible import (
    citizen_name,
    fact_for,
    hears_fact,
    leg_number,
    sees_leg,
    staff_number,
)


@pytest.mark.parametrize(
    ("role", "leg", "number", "seen"),
    [
        (Role.OPERATOR, "citizen", "13800000001", "13800000001"),
        (Role.AUDITOR, "citizen", "13800000001", "138****0001"),
        (Role.OPERATOR, "liaison", "13900000002", "139****0002"),
        (Role.SUPERVISOR, "liaison", "13900000002", "13900000002"),
        (Role.AUDITOR, "operator", "1001", "1001"),
        (Role.AUDITOR, "unknown", "13900000002", "139****0002"),
        (Role.AUDITOR, "citizen", None, None),
    ],
)
def test_numbers_of_legs(role: Role, leg: str, number: str | None, seen: str | None) -> None:
    assert leg_number(role, leg, number) == seen


@pytest.mark.parametrize(
    ("mode", "seen"), [("listen", False), ("whisper", False), (None, False), ("barge", True)]
)
def test_an_operator_sees_a_supervisor_who_speaks_to_all(mode: str | None, seen: bool) -> None:
    assert sees_leg(Role.OPERATOR, "supervisor", mode) is seen
    assert sees_leg(Role.AUDITOR, "supervisor", mode)
    assert sees_leg(Role.OPERATOR, "citizen", None)


def test_facts_about_listening_and_opening_are_not_for_operators() -> None:
    assert not hears_fact(Role.OPERATOR, "monitoring_asked", {})
    assert not hears_fact(Role.OPERATOR, "leg_started", {"role": "supervisor"})
    assert not hears_fact(Role.SUPERVISOR, "recording_opened", {})
    assert hears_fact(Role.AUDITOR, "recording_opened", {})
    assert hears_fact(Role.OPERATOR, "leg_started", {"role": "liaison"})


def test_a_command_to_listen_and_its_track_are_not_for_those_listened_to() -> None:
    listen = {"command_id": "c1", "command": "listen"}
    sealed = {"folder": "2026/1", "tracks": [{"role": "citizen"}, {"role": "supervisor"}]}
    for kind in ("command_taken", "command_done", "command_refused", "command_unknown"):
        assert not hears_fact(Role.OPERATOR, kind, listen)
        assert hears_fact(Role.SUPERVISOR, kind, listen)
        assert hears_fact(Role.OPERATOR, kind, {**listen, "command": "connect"})
    assert fact_for(Role.OPERATOR, "recording_sealed", sealed)["tracks"] == [{"role": "citizen"}]
    assert fact_for(Role.AUDITOR, "recording_sealed", sealed) == sealed


@pytest.mark.parametrize("kind", ["numbers_revealed", "account_added", "account_disabled"])
def test_who_looked_up_numbers_or_changed_accounts_is_for_auditors(kind: str) -> None:
    assert not hears_fact(Role.SUPERVISOR, kind, {})
    assert hears_fact(Role.AUDITOR, kind, {})


def test_names_and_staff() -> None:
    assert citizen_name(Role.EDITOR, "王小明") is None
    assert staff_number(Role.ADMIN, "6101") == "6101"
    assert staff_number(Role.LIAISON, "6101") == "****"
