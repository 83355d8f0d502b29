"""Room api: who came in, who was kept out."""

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
