"""Room api: who may do what. One table; a route that is not in it cannot be served."""

from enum import StrEnum


class Role(StrEnum):
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    LIAISON = "liaison"
    PETITION = "petition"
    LEADER = "leader"
    EDITOR = "editor"
    ADMIN = "admin"


OP, S, A, V, E, X, LI = (
    Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.LEADER,
    Role.EDITOR, Role.ADMIN, Role.LIAISON,
)  # fmt: skip
EVERYBODY = frozenset(Role)

# Route name → roles. None: open to anybody, signed in or not.
MATRIX: dict[str, frozenset[Role] | None] = {
    "sign_in": None,
    "health": None,
    "replay_page": None,  # the page is empty; what it shows asks for a token
    "sign_out": EVERYBODY,
    "me": EVERYBODY,
    "list_calls": frozenset({OP, S, A, V, X}),
    "get_call": frozenset({OP, S, A, V, X}),
    "get_parties": frozenset({OP, S, A, V, X}),
    "get_call_facts": frozenset({S, A, X}),
    # Operators and leaders command the calls they are in, no others: `api/routes/commands.py`.
    "connect": frozenset({OP, S, V}),
    "handover": frozenset({OP, S, V}),
    "cancel_connect": frozenset({OP, S, V}),
    "mute_party": frozenset({OP, S, V}),
    "put_aside": frozenset({OP, S, V}),
    "remove_party": frozenset({OP, S, V}),
    "listen": frozenset({S}),
    "get_command": frozenset({OP, S, V, X}),
    "list_operators": frozenset({OP, S, A, V, X}),
    "operator_sign_in": frozenset({OP, V}),
    "operator_sign_out": frozenset({OP, V}),
    "operator_pause": frozenset({OP, V}),
    "operator_ready": frozenset({OP, V}),
    "put_skills": frozenset({S, X}),
    "list_ringbacks": frozenset({OP, S, A, V, X}),
    "ring_back": frozenset({OP, S, V}),
    "get_recording": frozenset({S, A}),
    "get_recording_file": frozenset({S, A}),
    "get_track": frozenset({S, A}),
    "get_mix": frozenset({S, A}),
    "get_transcript": frozenset({OP, S, A, E}),
    # Liaisons see and work on the tickets of their own unit: `api/routes/tickets.py`.
    "list_tickets": frozenset({OP, S, A, E, X, LI}),
    "get_ticket": frozenset({OP, S, A, E, X, LI}),
    "add_matter": frozenset({OP, S}),
    "suggestion_choices": frozenset({OP, S, A, E, X}),
    "answer_suggestion": frozenset({OP, S}),
    "dispatch_ticket": frozenset({OP, S}),
    "sign_ticket": frozenset({OP, S, LI}),
    "return_ticket": frozenset({OP, S, LI}),
    "resolve_ticket": frozenset({OP, S, LI}),
    "call_back_ticket": frozenset({OP, S}),
    "reopen_ticket": frozenset({OP, S}),
    "list_units": EVERYBODY,
    "get_ladder": frozenset({OP, S, V, X}),
    "put_roster": frozenset({X}),
    "feed": frozenset({OP, S, A, V, X}),
    "metrics": frozenset({X}),  # and whoever holds the scraper's own token
}
