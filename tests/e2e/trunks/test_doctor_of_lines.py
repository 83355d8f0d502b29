"""The doctor at the lines: wrong password, deaf calls, certificates; each really broken."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from simulator.carrier import Line
from telephony.asterisk.certificate import make_self_signed
from telephony.asterisk.ports import free_port
from tests.e2e.bad_calls.wire import rude_phone
from tests.e2e.stage import Stage, given_stage, until
from tests.e2e.trunks.scenes import SECOND_ADDRESS, given_carrier, two_trunks
from tests.e2e.trunks.test_doctor import is_fine, is_wrong, look
from tests.e2e.trunks.test_phones import hotline


async def test_a_wrong_trunk_password_is_named_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOTLINE_TRUNK_PASSWORD_SECOND", "not-it")
    places = two_trunks(registers=True, user="hotline12345")
    line = Line(user="hotline12345", password="the-right-one")
    async with (
        given_stage(controller="none", **places) as stage,
        given_carrier(stage, line=line),
    ):

        async def rejected() -> bool:
            return "Rejected" in await stage.pbx.command("pjsip show registrations")

        await until(rejected, 40, "rejected")
        await is_wrong(stage, "trunks", "not registered: Rejected", "trunk password second")
        code, said = await hotline(stage, "trunk", "list")
        assert (code, "Rejected" in said, "not-it" in said) == (0, True, False), said
        # The other trunk is none the worse for it.
        assert [line for line in said.splitlines() if " first " in line and "Rejected" not in line]


async def test_an_unreachable_trunk_is_listed_down() -> None:
    async with given_stage(controller="none", **two_trunks()) as stage:

        async def down() -> bool:
            code, said = await hotline(stage, "trunk", "list")
            return code == 0 and any(
                " second " in line and " down " in line for line in said.splitlines()
            )

        await until(down, 60, "second down")
        await is_wrong(stage, "trunks", "trunk second", "does not answer OPTIONS", "firewall")
        # One outside that is told an address which is known here alone: in words.
        outside = {"trunks": [], "trunk_host": "198.51.100.5"}
        await is_wrong(stage, "nat", "is told 127.0.0.1", "voice", "public_address", **outside)
        await is_fine(stage, "nat", public_address="192.0.2.10", **outside)
        await is_fine(stage, "nat")


async def test_a_firewall_that_eats_sound_is_seen_while_the_call_is_up() -> None:
    """The caller's packets never arrive: the line is named, and the ports to let through."""
    async with given_stage(controller="none") as stage:
        await stage.city.citizen.dial()
        await stage.city.citizen.until_talking()

        async def heard() -> bool:
            return "sound on 1 lines" in str(await look(stage, "sound"))

        await until(heard, 20, "one line with sound")
        async with rude_phone(stage) as phone:  # sends no packet of sound
            call = phone.call()
            call.send(call.invite())
            assert await call.answered() == 200
            call.ack()

            async def deaf() -> bool:
                return any(f.level == "wrong" for f in await look(stage, "sound"))

            await until(deaf, 30, "the deaf line")
            await is_wrong(stage, "sound", "no sound comes in", "rtp_first")
            call.bye()
            assert await call.answered("BYE") == 200
        await is_fine(stage, "sound")


async def test_our_own_certificate_ended_or_has_another_key(tmp_path: Path) -> None:
    make_self_signed(tmp_path / "good", "127.0.0.1")
    make_self_signed(tmp_path / "other", "127.0.0.1")
    make_self_signed(tmp_path / "elsewhere", "192.0.2.7")
    old = expired(tmp_path / "old", "127.0.0.1")
    async with given_stage(controller="none", sip_tls_port=free_port("127.0.0.1")) as stage:

        def with_(cert: Path, key: Path) -> dict[str, Path]:
            return {"tls_cert": cert / "cert.pem", "tls_key": key / "key.pem"}

        good, other, elsewhere = (tmp_path / name for name in ("good", "other", "elsewhere"))
        await is_fine(stage, "certificate", **with_(good, good))
        await is_wrong(stage, "certificate", "ended on", **with_(old, old))
        await is_wrong(stage, "certificate", "is not the key of", **with_(good, other))
        found = await look(stage, "certificate", **with_(elsewhere, elsewhere))
        assert any("phones call 127.0.0.1" in f.en for f in found), found


def expired(place: Path, address: str) -> Path:
    """Made by the program's own way, and signed again with times in the past."""
    make_self_signed(place, address)
    key = serialization.load_pem_private_key((place / "key.pem").read_bytes(), None)
    made = x509.load_pem_x509_certificate((place / "cert.pem").read_bytes())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(made.subject)
        .issuer_name(made.issuer)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - timedelta(days=1))
    )
    for extension in made.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    old = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]
    (place / "cert.pem").write_bytes(old.public_bytes(serialization.Encoding.PEM))
    return place


@asynccontextmanager
async def given_tls_server(stage: Stage, place: Path) -> AsyncIterator[None]:
    """Where the second trunk is said to be; shows this certificate and says nothing."""
    trunk = next(t for t in stage.installation.trunks if t.name == "second")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "cert.pem", place / "key.pem")

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, trunk.host, trunk.port, ssl=context)
    async with server:
        yield


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("expired", ("ended on", "ask the carrier")),
        ("elsewhere", ("is for 192.0.2.7, not for 127.0.0.5",)),
        ("untrusted", ("not to be trusted",)),
        ("none", ("no TLS with trunk second",)),
        ("good", ()),
    ],
)
async def test_a_carriers_certificate(shown: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """A carrier over TLS whose certificate is not what it should be; the doctor says which."""
    place = tmp_path / "carrier"
    if shown == "expired":
        expired(place, SECOND_ADDRESS)
    else:
        make_self_signed(place, "192.0.2.7" if shown == "elsewhere" else SECOND_ADDRESS)
    make_self_signed(tmp_path / "authority", "192.0.2.9")
    ca = (tmp_path / "authority" if shown == "untrusted" else place) / "cert.pem"
    tls = {"sip_tls_port": free_port("127.0.0.1"), "tls_ca": ca, **two_trunks(transport="tls")}
    async with given_stage(controller="none", **tls) as stage:
        if shown == "none":
            await is_wrong(stage, "carriers", *words)
            return
        async with given_tls_server(stage, place):
            if words:
                await is_wrong(stage, "carriers", *words)
            else:
                await is_fine(stage, "carriers")
