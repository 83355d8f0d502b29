"""Room api: who came in, who was kept out, who may come in and as what."""

from typing import ClassVar

from store.facts import Fact


class SignedIn(Fact):
    kind: ClassVar[str] = "signed_in"
    user_id: str


class SignInRefused(Fact):
    """`user_id` is empty where the name is nobody's."""

    kind: ClassVar[str] = "sign_in_refused"
    user_id: str


class SignedOut(Fact):
    kind: ClassVar[str] = "signed_out"
    user_id: str


class AccountAdded(Fact):
    """`new`, or given a new password and role (and given back, if it was disabled).

    `unit_id`: of liaisons, whose tickets they see from now on.
    """

    kind: ClassVar[str] = "account_added"
    user_id: str
    role: str
    unit_id: str | None
    new: bool
    by: str


class AccountDisabled(Fact):
    kind: ClassVar[str] = "account_disabled"
    user_id: str
    by: str
