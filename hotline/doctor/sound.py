"""Room hotline/doctor: calls that go on now: does sound come in on every line?"""

import re
from dataclasses import dataclass

from hotline.doctor.findings import NOT_ASKED, Finding, Patient, well, wrong

# A line that was answered this long ago and has received nothing is deaf, not slow.
DEAF_SECONDS = 5


@dataclass(frozen=True)
class Line:
    """One channel of `pjsip show channelstats`: packets since it was answered."""

    channel: str
    seconds: int
    received: int
    sent: int


async def sound(patient: Patient) -> list[Finding]:
    """Packets in and out of every answered line."""
    if not patient.asterisk_runs:
        return [NOT_ASKED]
    found = lines(await patient.console("pjsip show channelstats"))
    deaf = [line for line in found if line.seconds >= DEAF_SECONDS and not line.received]
    if deaf:
        names = ", ".join(line.channel for line in deaf)
        return [
            wrong(
                f"通话中没有声音传入:{names}",
                f"no sound comes in, though the line was answered: {names}",
                "放行 rtp_first–rtp_last/UDP(本机与路由器);对端在公网则核对 public_address",
                "let rtp_first–rtp_last/UDP through (here and in the router); with the other side "
                "outside, check public_address",
            )
        ]  # fmt: skip
    return [well(f"{len(found)} 路通话有声音", f"sound on {len(found)} lines")]


def lines(shown: str) -> list[Line]:
    """` 1a2b3c trunk-00000001 00:00:07 alaw 0 0 0 0.000 350 …` → channel, seconds, packets."""
    found = []
    for row in shown.splitlines():
        words = row.split()
        at = next((n for n, w in enumerate(words) if re.fullmatch(r"\d+:\d\d:\d\d", w)), None)
        if at is None or at + 6 >= len(words):
            continue
        hours, minutes, seconds = (int(part) for part in words[at].split(":"))
        numbers = words[at + 2 :]
        if not numbers[0].isdigit() or not numbers[4].isdigit():
            continue
        found.append(
            Line(words[at - 1], hours * 3600 + minutes * 60 + seconds, int(numbers[0]),
                 int(numbers[4]))
        )  # fmt: skip
    return found
