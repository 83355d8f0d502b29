"""Room hotline/doctor: the certificate a carrier shows, looked at as Asterisk would look at it."""

import asyncio
import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from hotline.doctor.findings import Finding, Patient, warning, well, wrong
from telephony.asterisk.certificate import names_in
from telephony.trunks.trunk import Trunk

SECONDS = 4.0
SOON = timedelta(days=14)
_ASK = (
    "请运营商更换证书;或核对 host、tls_ca",
    "ask the carrier for another certificate; or check host and tls_ca",
)


async def carriers(patient: Patient) -> list[Finding]:
    """Each trunk over TLS: is there TLS at all, and whose?"""
    installation = patient.installation
    found: list[Finding] = []
    for trunk in installation.trunks:
        if trunk.transport == "tls":
            found += await asyncio.to_thread(_look, trunk, installation.settings.tls_ca)
    return found or [well("没有使用 TLS 的中继", "no trunk uses TLS")]


def _look(trunk: Trunk, ca: Path | None) -> list[Finding]:
    where = f"{trunk.name} ({trunk.host}:{trunk.port})"
    try:
        shown = _shown(trunk)
    except OSError as error:
        return [
            wrong(f"中继 {where} 的 TLS 无法建立:{error}", f"no TLS with trunk {where}: {error}",
                  "核对 host、port、transport 与防火墙", "check host, port, transport, firewall")
        ]  # fmt: skip
    ends = shown.not_valid_after_utc
    now = datetime.now(UTC)
    if ends < now:
        return [
            wrong(f"中继 {where} 的证书已于 {ends:%Y-%m-%d} 过期",
                  f"the certificate of trunk {where} ended on {ends:%Y-%m-%d}", *_ASK)
        ]  # fmt: skip
    if not is_for(shown, trunk.host):
        names = ", ".join(names_in(shown))
        return [
            wrong(f"中继 {where} 的证书属于 {names},而非 {trunk.host}",
                  f"the certificate of trunk {where} is for {names}, not for {trunk.host}", *_ASK)
        ]  # fmt: skip
    distrust = _distrust(trunk, ca) if ca is not None else ""
    if distrust:
        return [
            wrong(f"中继 {where} 的证书不可信:{distrust}",
                  f"the certificate of trunk {where} is not to be trusted: {distrust}", *_ASK)
        ]  # fmt: skip
    if ends < now + SOON:
        return [
            warning(f"中继 {where} 的证书将于 {ends:%Y-%m-%d} 过期",
                    f"the certificate of trunk {where} ends on {ends:%Y-%m-%d}", *_ASK)
        ]  # fmt: skip
    return [well(f"{where} 至 {ends:%Y-%m-%d}", f"{where} until {ends:%Y-%m-%d}")]


def _shown(trunk: Trunk) -> x509.Certificate:
    """Whatever certificate is shown, believed or not; OSError where there is no TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Only looked at: what is wrong with it is to be told, not to end the talk.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    der = _handshake(context, trunk)
    if der is None:
        raise OSError("no certificate")
    return x509.load_der_x509_certificate(der)


def _distrust(trunk: Trunk, ca: Path) -> str:
    try:
        _handshake(ssl.create_default_context(cafile=str(ca)), trunk)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return str(error)
    return ""


def _handshake(context: ssl.SSLContext, trunk: Trunk) -> bytes | None:
    with (
        socket.create_connection((trunk.host, trunk.port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=trunk.host) as line,
    ):
        return line.getpeercert(binary_form=True)


def is_for(certificate: x509.Certificate, host: str) -> bool:
    """Whether one of its names, or a `*.` above it, is this host."""
    try:
        wanted = str(ipaddress.ip_address(host))
    except ValueError:
        wanted = host.lower()
    names = {name.lower() for name in names_in(certificate)}
    return wanted in names or f"*.{wanted.partition('.')[2]}" in names
