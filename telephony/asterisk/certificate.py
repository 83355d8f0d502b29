"""Room telephony/asterisk: the certificate phones and trunks see when they come over TLS.

A city gives its own (`tls_cert`, `tls_key`). Without one we sign our own: that keeps
eavesdroppers out, but nobody can tell by it that it is us who answers.
"""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from telephony.asterisk.node import NodeFolder

log = structlog.get_logger()

LASTS = timedelta(days=3650)
RENEWED_BEFORE = timedelta(days=30)


def install_certificate(
    folder: NodeFolder, own: Path, address: str, cert: Path | None, key: Path | None,
    ca: Path | None,
) -> None:  # fmt: skip
    """Put certificate, key and authority where Asterisk reads them (its etc/tls)."""
    if cert is None or key is None:
        cert, key = own / "cert.pem", own / "key.pem"
        if _ends(cert) - RENEWED_BEFORE < datetime.now(UTC):
            make_self_signed(own, address)
            log.warning("tls_certificate_is_self_signed", path=str(cert))
    target = folder.etc / "tls"
    folder.write(target / "cert.pem", cert.read_text())
    folder.write(target / "key.pem", key.read_text())
    if ca is not None:
        folder.write(target / "ca.pem", ca.read_text())


def make_self_signed(place: Path, address: str) -> None:
    """A fresh key and a certificate for this address or name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_alternative(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(place / "key.pem", secret)
    _write(place / "cert.pem", certificate.public_bytes(serialization.Encoding.PEM))


def expires(cert: Path) -> datetime:
    """When a certificate ends; ValueError or OSError where it cannot be read."""
    return x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc


def is_self_signed(cert: Path) -> bool:
    found = x509.load_pem_x509_certificate(cert.read_bytes())
    return found.issuer == found.subject


def belongs_to(cert: Path, key: Path) -> bool:
    """Whether this is the certificate's key; ValueError or OSError where one cannot be read."""
    found = x509.load_pem_x509_certificate(cert.read_bytes()).public_key()
    secret = serialization.load_pem_private_key(key.read_bytes(), password=None)
    return found == secret.public_key()


def names_of(cert: Path) -> list[str]:
    """Names and addresses a certificate was made for."""
    return names_in(x509.load_pem_x509_certificate(cert.read_bytes()))


def names_in(certificate: x509.Certificate) -> list[str]:
    """As `names_of`, of one that was read already."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [str(part.value) for part in certificate.subject if part.oid == NameOID.COMMON_NAME]
    return [str(name.value) for name in names]


def _ends(cert: Path) -> datetime:
    try:
        return expires(cert)
    except (OSError, ValueError):
        return datetime.min.replace(tzinfo=UTC) + RENEWED_BEFORE


def _alternative(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
