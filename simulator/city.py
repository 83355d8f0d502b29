"""Room simulator: the people of the city, each with their tone.

| who | tone |
| --- | --- |
| citizen | 440 Hz |
| operator | 660 Hz |
| liaison | 880 Hz |
| petition officer | 1100 Hz |
| supervisor | 550 Hz |
| dispatcher of an emergency centre | 1210 Hz |
"""

import asyncio

from simulator.carrier import Carrier
from simulator.person import Person
from telephony.asterisk.node import AsteriskNode

TONES = {
    "citizen": 440, "operator": 660, "liaison": 880, "petition": 1100, "supervisor": 550,
    "emergency": 1210,
}  # fmt: skip


class City:
    """Everybody the stories need; `person()` makes more."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.citizen = self.person("13800000001", "citizen")
        self.second_citizen = self.person("13800000002", "citizen")
        self.operator = self.person("1001", "operator")
        self.second_operator = self.person("1002", "operator")
        self.supervisor = self.person("1901", "supervisor")
        self.liaison = self.person("6101", "liaison")
        self.deputy = self.person("6102", "liaison")
        self.duty_leader = self.person("6103", "liaison")
        self.builder = self.person("6201", "liaison")
        self.leader = self.person("6701", "liaison")
        self.petition_officer = self.person("6301", "petition")
        self.police = self.person("110", "emergency")
        self.command_centre = self.person("6901", "emergency")

    def person(self, number: str, role: str) -> Person:
        return Person(self.carrier, number, TONES[role])

    async def phones_registered(self, pbx: AsteriskNode, phones: int, within: float = 30) -> None:
        """Return once every desk phone has registered at the hotline."""
        async with asyncio.timeout(within):
            while (await pbx.command("pjsip show contacts")).count("@127.0.0.3:") < phones:
                await asyncio.sleep(0.02)
