"""Room hotline/probe: who takes part in a test call: three reserved phones, one unit.

They are endpoints of the PBX like desk phones, with passwords of their own, and register
only while a test call goes on. No citizen is ever offered to the operator among them.
"""

import re
from typing import Final

from telephony.dialplan import PROBE
from telephony.trunks.trunk import Trunk

CALLER: Final = "999001"
OPERATOR: Final = "999002"
LIAISON: Final = "999003"
EXTENSIONS: Final = (CALLER, OPERATOR, LIAISON)
UNIT: Final = "probe"
# Numbers of their own, beside the ones that may be dialled out.
ALLOWED: Final = re.compile(LIAISON)


class Inside(Trunk):
    """No line to a carrier: the phone itself."""

    def channel(self, canonical: str) -> str:
        """What Asterisk is asked to dial."""
        return f"PJSIP/{canonical}"


INSIDE: Final = {LIAISON: Inside(PROBE, "127.0.0.1")}
