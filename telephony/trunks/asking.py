"""Room telephony/trunks: what Asterisk knows of each trunk, from its own console's tables."""

from collections.abc import Mapping, Sequence

from telephony.asterisk.node import AsteriskNode
from telephony.trunks.choosing import TrunkState
from telephony.trunks.trunk import Trunk

# The last words of a line of `pjsip show contacts`.
_STATES = {"Avail": TrunkState.UP, "Unavail": TrunkState.DOWN}


async def ask_trunks(
    node: AsteriskNode, trunks: Sequence[Trunk]
) -> dict[str, tuple[TrunkState, str]]:
    """Name → its state by OPTIONS, and its registration (empty where it has none)."""
    if not node.is_running:
        return {trunk.name: (TrunkState.UNKNOWN, "") for trunk in trunks}
    states = contact_states(await node.command("pjsip show contacts"))
    registered: Mapping[str, str] = {}
    if any(trunk.registers for trunk in trunks):
        registered = registrations(await node.command("pjsip show registrations"))
    return {
        t.name: (states.get(t.name, TrunkState.UNKNOWN), registered.get(t.name, ""))
        for t in trunks
    }  # fmt: skip


def contact_states(shown: str) -> dict[str, TrunkState]:
    """`Contact:  trunk/sip:198.51.100.5:5060   0a1b2c3d4e Avail   1.234` → {"trunk": UP}."""
    found: dict[str, TrunkState] = {}
    for line in shown.splitlines():
        words = line.split()
        if len(words) >= 4 and words[0] == "Contact:" and "/sip" in words[1]:
            state = next((_STATES[word] for word in words[2:] if word in _STATES), None)
            found[words[1].partition("/")[0]] = state or TrunkState.UNKNOWN
    return found


def registrations(shown: str) -> dict[str, str]:
    """`telecom/sip:198.51.100.5:5060   telecom   Registered  (exp. 280s)` → {"telecom": …}."""
    found: dict[str, str] = {}
    for line in shown.splitlines():
        words = line.split()
        if words and "/sip:" in words[0]:
            said = " ".join(words[2:]).partition("(")[0].strip()
            found[words[0].partition("/")[0]] = said or "?"
    return found
