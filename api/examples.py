"""Room api: one example answer for each route, for the OpenAPI document. A test reads them."""

from typing import Any

CALL_ID = "pbx-1764000000.12"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_CALL: dict[str, Any] = {
    "call_id": CALL_ID,
    "node": "pbx",
    "caller_number": "13800000001",
    "caller_name": None,
    "started_at": "2026-11-24T01:20:00.120Z",
    "answered_at": "2026-11-24T01:20:00.180Z",
    "operator_at": "2026-11-24T01:20:06.400Z",
    "ended_at": None,
    "stage": "live",
    "left_message": False,
    "line_broke": False,
    "direction": "in",
    "queued_at": "2026-11-24T01:20:06Z",
    "priority": 0,
    "turned_away": False,
    "talked_at": "2026-11-24T01:20:06.600Z",
}
_PARTY: dict[str, Any] = {
    "leg_id": "pbx-1764000000.12",
    "role": "citizen",
    "number": "13800000001",
    "person_id": None,
    "request_id": None,
    "place": "room",
    "muted": False,
    "mode": None,
    "started_at": "2026-11-24T01:20:00.120Z",
    "answered_at": "2026-11-24T01:20:00.180Z",
    "ended_at": None,
    "cause": None,
}
_CONNECT: dict[str, Any] = {
    "request_id": "0b5e3c5d7a0f4c0e9d0c6a0a4f1b2c3d",
    "unit_id": "market",
    "role": "liaison",
    "topic": "market",
    "state": "joined",
    "how": "joined",
    "asked_at": "2026-11-24T01:21:00Z",
    "joined_at": "2026-11-24T01:21:14Z",
    "rungs": [
        {"person_id": "market-1", "outcome": "no_answer"},
        {"person_id": "market-2", "outcome": "joined"},
    ],
    "handover": False,
    "joined_unit": "market",
}
_COMMAND: dict[str, Any] = {
    "command_id": "7d3f0c3a5b1e4d0a8c2f9e6b4a1d0c5e",
    "call_id": CALL_ID,
    "kind": "connect",
    "state": "asked",
    "reason": None,
    "reason_text": None,
    "asked_at": "2026-11-24T01:21:00Z",
}
_TICKET: dict[str, Any] = {
    "number": "PT20261124-000001",
    "call_id": CALL_ID,
    "matter": 1,
    "kind": "call",
    "status": "open",
    "opened_at": "2026-11-24T01:25:31Z",
    "called_at": "2026-11-24T01:20:00Z",
    "caller_number": "13800000001",
    "title": "商家哄抬口罩价格",
    "who_spoke": ["citizen", "operator", "liaison"],
    "unit_id": "market",
    "due_at": "2026-11-25T16:00:00Z",
    "reopened": 0,
    "suggested": {
        "category": ["market/price"],
        "district": ["荔城区"],
        "unit": ["market"],
        "topics": ["emergency_epidemic"],
        "urgency": ["normal"],
    },
    "units": ["market"],
    "transcript_state": "done",
    "transcript_note": "whisper base",
    "recording_sha256": SHA,
    "has_gap": False,
    "line_broke": False,
    "links": {},
}
_SUGGESTION: dict[str, Any] = {
    "field": "unit",
    "suggested": ["market"],
    "candidates": [
        {
            "value": "market",
            "name": "市场监管局",
            "score": 12.0,
            "reasons": [
                {"word": "哄抬价格", "points": 6.0, "by": "citizen", "how": "said"},
                {"word": "市场监管", "points": 3.6, "by": "citizen", "how": "sound"},
            ],
            "hand_over": "",
        }
    ],
    "words": "putian-1+c198bbb2",
    "made_at": "2026-11-24T01:25:31Z",
    "answer": "accept",
    "chosen": ["market"],
    "answered_by": "5f0d3c5d7a0f4c0e9d0c6a0a4f1b2c3d",
    "answered_at": "2026-11-24T01:30:00Z",
}
_STEP: dict[str, Any] = {
    "step": "dispatch",
    "status": "dispatched",
    "at": "2026-11-24T01:31:00Z",
    "by": "5f0d3c5d7a0f4c0e9d0c6a0a4f1b2c3d",
    "unit_id": "market",
    "note": "",
    "solved": None,
    "due_at": "2026-11-25T16:00:00Z",
}
_TICKET_TEXT: dict[str, Any] = {
    **_TICKET,
    "status": "dispatched",
    "body": "来电人：我要投诉…",
    "edited_by": None,
    "suggestions": [_SUGGESTION],
    "steps": [_STEP],
}
_TRACK: dict[str, Any] = {
    "leg_id": "pbx-1764000000.12",
    "role": "citizen",
    "file": "01-citizen.flac",
    "sha256": SHA,
    "pcm_sha256": SHA,
    "offset_ms": 0,
    "seconds": 301.2,
    "expected_seconds": 301.1,
    "repaired": False,
}
_SAID: dict[str, Any] = {
    "leg_id": "pbx-1764000000.12",
    "role": "citizen",
    "start": 7.2,
    "end": 8.1,
    "text": "我要投诉",
    "words": [{"text": "我要投诉", "start": 7.2, "end": 8.1, "confidence": 0.91}],
}
_PERSON: dict[str, Any] = {
    "username": "operator", "name": "王话务", "role": "operator", "extension": "1001",
}  # fmt: skip

# Route name → the body of its good answer.
ANSWERS: dict[str, Any] = {
    "sign_in": {"token": "mH0c…", "expires_at": "2026-11-24T13:00:00Z", **_PERSON},
    "me": {"user_id": "5f0d3c5d7a0f4c0e9d0c6a0a4f1b2c3d", **_PERSON},
    "list_calls": {"calls": [_CALL], "next": None},
    "get_call": {**_CALL, "parties": [_PARTY], "connects": [_CONNECT]},
    "get_parties": [_PARTY],
    "get_call_facts": [
        {
            "number": 42,
            "kind": "leg_moved",
            "at": "2026-11-24T01:21:14Z",
            "data": {"leg_id": CALL_ID, "role": "citizen", "place": "room"},
        }
    ],
    "connect": _COMMAND,
    "handover": {**_COMMAND, "kind": "handover"},
    "cancel_connect": {**_COMMAND, "kind": "cancel_connect"},
    "mute_party": {**_COMMAND, "kind": "mute"},
    "put_aside": {**_COMMAND, "kind": "aside"},
    "remove_party": {**_COMMAND, "kind": "remove"},
    "listen": {**_COMMAND, "kind": "listen"},
    "get_command": {
        **_COMMAND,
        "state": "refused",
        "reason": "nobody_on_duty",
        "reason_text": "该单位此时无人值班",
    },
    "list_operators": [
        {
            "operator_id": "operator",
            "extension": "1001",
            "state": "ready",
            "pause_reason": None,
            "since": "2026-11-24T00:00:00Z",
            "skills": ["petition"],
        }
    ],
    "operator_sign_in": {**_COMMAND, "call_id": None, "kind": "sign_in"},
    "operator_sign_out": {**_COMMAND, "call_id": None, "kind": "sign_out"},
    "operator_pause": {**_COMMAND, "call_id": None, "kind": "pause"},
    "operator_ready": {**_COMMAND, "call_id": None, "kind": "ready"},
    "put_skills": {**_COMMAND, "call_id": None, "kind": "set_skills"},
    "ring_back": {**_COMMAND, "call_id": None, "kind": "ring_back"},
    "list_ringbacks": [
        {
            "ringback_id": "3f0d3c5d7a0f4c0e9d0c6a0a4f1b2c3d",
            "number": "13800000001",
            "state": "open",
            "why_not": None,
            "reasons": ["abandoned", "message"],
            "calls": [CALL_ID],
            "priority": 10,
            "keeps_place": False,
            "queued_at": "2026-11-24T01:20:06Z",
            "opened_at": "2026-11-24T01:23:00Z",
            "due_at": "2026-11-24T01:53:00Z",
            "overdue": False,
            "tries": 0,
            "tried_at": None,
            "closed_at": None,
            "closed_by_call": None,
            "how": None,
        }
    ],
    "get_recording": {
        "manifest": {
            "version": 1,
            "call_id": CALL_ID,
            "part": 1,
            "node": "pbx",
            "sealed_at": "2026-11-24T01:25:02Z",
            "clock_start": "2026-11-24T01:20:00.180Z",
            "seconds": 301.2,
            "tracks": [_TRACK],
            "mix": {"file": "mix.flac", "sha256": SHA, "seconds": 301.2},
            "gaps": [],
            "previous": SHA,
            "unreadable": [],
            "clock_steps": [],
        },
        "manifest_sha256": SHA,
        "parts": 1,
        "verified": True,
        "problems": [],
    },
    "get_transcript": {
        "utterances": [_SAID],
        "engine": "vosk",
        "model": "vosk-model-small-cn-0.22",
        "why": "使用已添加的中文模型",
        "language": "zh",
        "seconds_audio": 301.2,
        "seconds_spent": 40.5,
        "unreadable": [],
    },
    "list_tickets": {"tickets": [_TICKET], "next": None},
    "get_ticket": _TICKET_TEXT,
    "suggestion_choices": {"unit": {"market": "市场监管局"}, "urgency": {"urgent": "紧急"}},
    "answer_suggestion": _SUGGESTION,
    **{
        name: {**_TICKET_TEXT, "body": "", "status": status}
        for name, status in {
            "dispatch_ticket": "dispatched",
            "sign_ticket": "signed",
            "return_ticket": "open",
            "resolve_ticket": "resolved",
            "call_back_ticket": "closed",
            "reopen_ticket": "reopened",
        }.items()
    },
    "add_matter": {
        **_TICKET,
        "number": "PT20261124-000002",
        "matter": 2,
        "title": "另反映路灯不亮",
    },
    "list_units": [
        {
            "unit_id": "police",
            "name": "公安 110",
            "kind": "emergency",
            "key": "110",
            "fallback": "command",
        }
    ],
    "get_ladder": [
        {
            "person_id": "market-1",
            "person_name": "林主班",
            "number": "138****0001",
            "rung": 0,
            "ring_seconds": 8,
        }
    ],
    "put_roster": {"units": 4, "shifts": 8},
    "health": {
        "well": True,
        "journal": 42,
        "parts": [{"name": "database", "well": True, "detail": ""}],
    },
}
