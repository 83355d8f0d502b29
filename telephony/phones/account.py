"""Room telephony/phones: a phone's account as one line of text, and as a picture in a terminal.

There is no common form for softphones to read an account from. What the picture holds is a
SIP URI of RFC 3261 with user, password and transport, `sip:1001:SECRET@192.0.2.10:5060`, which
can be read by machine and, where an app does not know it, by eye.
"""

from dataclasses import dataclass, field
from io import StringIO
from urllib.parse import quote

import segno


@dataclass(frozen=True)
class Account:
    """Everything a phone needs to sign in."""

    extension: str
    secret: str = field(repr=False)
    host: str
    port: int
    tls: bool = False

    @property
    def uri(self) -> str:
        """The account as a SIP URI; it holds the password."""
        transport = "tls" if self.tls else "udp"
        user = f"{quote(self.extension)}:{quote(self.secret, safe='')}"
        return f"sip:{user}@{self.host}:{self.port};transport={transport}"

    def picture(self) -> str:
        """The URI as a QR code for a terminal, two rows of squares a line."""
        out = StringIO()
        segno.make(self.uri, error="m", micro=False).terminal(out, border=2, compact=True)
        return out.getvalue()
