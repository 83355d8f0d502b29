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


OP, S, A, V, E, X = (
    Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.LEADER,
    Role.EDITOR, Role.ADMIN,
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
    "connect": frozenset({OP, S, V}),
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
    "get_recording": frozenset({S, A}),
    "get_recording_file": frozenset({S, A}),
    "get_track": frozenset({S, A}),
    "get_mix": frozenset({S, A}),
    "get_transcript": frozenset({OP, S, A, E}),
    "list_tickets": frozenset({OP, S, A, E, X}),
    "get_ticket": frozenset({OP, S, A, E, X}),
    "add_matter": frozenset({OP, S}),
    "list_units": EVERYBODY,
    "get_ladder": frozenset({OP, S, V, X}),
    "put_roster": frozenset({X}),
    "feed": frozenset({OP, S, A, V, X}),
}
