"""What is known of a trunk's state when Asterisk does not say at once."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from telephony.ami.messages import Accepted, Outcome, Unknown
from telephony.trunks.choosing import TrunkState
from telephony.trunks.trunk import Trunk
from telephony.trunks.watching import TrunkWatch

SILENT = Unknown("no answer in time")


def said(value: str) -> Outcome:
    return Accepted(fields={"Value": value})


@pytest.mark.parametrize("first", [(SILENT,), (said(""),)])
async def test_a_contact_that_was_not_known_at_first_is_asked_for_again(
    first: Sequence[Outcome],
) -> None:
    answers = [*first, said("one;@1"), said("Unreachable"), said("Reachable")]

    async def send(_: Any) -> Outcome:
        return answers.pop(0)

    link: Any = SimpleNamespace(send=send)
    nobody: Any = None
    watch = TrunkWatch(link, nobody, [Trunk("one", "127.0.0.2")], nobody)
    assert await watch._state("one") is TrunkState.UNKNOWN
    assert await watch._state("one") is TrunkState.DOWN
    assert await watch._state("one") is TrunkState.UP
    assert answers == []
