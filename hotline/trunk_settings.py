"""Room hotline: `[[trunks]]` of hotline.toml, one table a carrier's line.

No password is a setting: see `trunk_password` in hotline/installation.py.
"""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from telephony.trunks.trunk import Trunk


def _address_or_none(text: str) -> str:
    return str(ip_address(text)) if text else ""


def _network(text: str) -> str:
    return str(ip_network(text))


Codec = Literal["alaw", "ulaw", "g722", "opus"]
# As Asterisk's own file reads them: no blank, no semicolon, no bracket.
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
Address = Annotated[str, Field(pattern=r"^[0-9A-Fa-f.:/]{3,43}$")]
# What a router is called outside. Asterisk would resolve a name once and never again.
PublicAddress = Annotated[str, AfterValidator(_address_or_none)]
Network = Annotated[str, AfterValidator(_network)]
# Sections of pjsip.conf that are not trunks.
TAKEN = ("global", "system", "anonymous")


class TrunkSettings(BaseModel):
    """A carrier's line; the fields are told in docs/trunks-and-phones.md."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,19}$")]
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    srtp: bool = False
    registers: bool = False
    user: Annotated[str, Field(pattern=r"^[A-Za-z0-9+_.-]{0,64}$")] = ""
    codecs: Annotated[list[Codec], Field(min_length=1)] = ["alaw", "ulaw"]
    order: int = 0
    options_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    addresses: list[Address] = []
    numbers: Literal["national", "e164"] = "national"
    strip: Annotated[str, Field(pattern=r"^\+?[0-9]{0,6}$")] = ""
    prefix: Annotated[str, Field(pattern=r"^\+?[0-9]{0,6}$")] = ""

    @model_validator(mode="after")
    def _makes_sense(self) -> "TrunkSettings":
        if self.name in TAKEN:
            raise ValueError(f"name: {self.name} is taken by Asterisk's own sections")
        if self.registers and not self.user:
            raise ValueError(f"user: trunk {self.name} registers, so it needs a user")
        return self

    def trunk(self, password: str) -> Trunk:
        return Trunk(
            name=self.name, host=self.host, port=self.port, transport=self.transport,
            srtp=self.srtp, registers=self.registers, user=self.user, password=password,
            codecs=tuple(self.codecs), addresses=tuple(self.addresses), numbers=self.numbers,
            strip=self.strip, prefix=self.prefix, options_seconds=self.options_seconds,
        )  # fmt: skip


def problem_of_lines(
    trunks: Sequence[TrunkSettings],
    tls_port: int | None,
    sip_port: int,
    cert: Path | None,
    key: Path | None,
) -> str:
    """What does not fit together, in words; empty where all is well."""
    names = [trunk.name for trunk in trunks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"trunks: {', '.join(twice)} stands there twice"
    wants_tls = [trunk.name for trunk in trunks if trunk.transport == "tls"]
    if wants_tls and tls_port is None:
        return f"sip_tls_port: trunk {', '.join(wants_tls)} uses tls, so a port is needed (5061)"
    if tls_port == sip_port and any(trunk.transport == "tcp" for trunk in trunks):
        return "sip_tls_port: is sip_port, where the tcp trunks are"
    if (cert is None) != (key is None):
        return "tls_cert, tls_key: one is of no use without the other"
    missing = [str(path) for path in (cert, key) if path is not None and not path.is_file()]
    return f"tls_cert, tls_key: no file {', '.join(missing)}" if missing else ""
