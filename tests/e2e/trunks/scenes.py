"""More carriers, phones and strangers around a stage, each on a loopback address of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from simulator.carrier import CARRIER_ADDRESS, Carrier, HotlineAddress, Line
from telephony.asterisk.ports import free_port
from telephony.asterisk.render import DeskPhone
from telephony.trunks.choosing import TrunkState
from tests.e2e.stage import Stage, until

SECOND_ADDRESS = "127.0.0.5"
PLAIN = Line()
# Asked whether it is there more often than in a city: a carrier of a story comes up a moment later.
OFTEN = {"options_seconds": 2}


def two_trunks(**second: Any) -> dict[str, Any]:
    """Settings of a stage whose own carrier is `first`; `second` waits at another address."""
    first_port, second_port = free_port(CARRIER_ADDRESS), free_port(SECOND_ADDRESS)
    return {
        "trunk_port": first_port,
        "trunks": [
            {
                "name": "second",
                "host": SECOND_ADDRESS,
                "port": second_port,
                "order": 2,
                **OFTEN,
                **second,
            },
            {"name": "first", "host": CARRIER_ADDRESS, "port": first_port, "order": 1, **OFTEN},
        ],
    }


@asynccontextmanager
async def given_carrier(
    stage: Stage, address: str = SECOND_ADDRESS, line: Line = PLAIN, port: int | None = None,
    phones: Sequence[DeskPhone] = (), number: str = "",
) -> AsyncIterator[Carrier]:  # fmt: skip
    """Another Asterisk: a carrier, phones, or a stranger. `port` defaults to the second trunk's."""
    settings = stage.settings
    if port is None:
        port = next((t.port for t in settings.trunks if t.host == address), None)
    far = settings.sip_tls_port if line.transport == "tls" else settings.sip_port
    hotline = HotlineAddress(settings.sip_address, far or 0, number or settings.number)
    base = settings.data_dir.parent / f"carrier-{address}"
    carrier = Carrier(
        stage.installation.folder.program, base, hotline, phones, port=port, address=address,
        phones_address=address.replace("127.0.0.", "127.0.1."), line=line,
    )  # fmt: skip
    async with carrier:
        yield carrier


async def until_state(stage: Stage, within: float = 40, **wanted: str) -> None:
    """Wait until the controller sees these trunks so: `first="down"`."""
    assert stage.part is not None
    states = stage.part.trunks.states
    await until(
        lambda: all(states[name] is TrunkState(state) for name, state in wanted.items()),
        within, f"{wanted}, not {states}",
    )  # fmt: skip
