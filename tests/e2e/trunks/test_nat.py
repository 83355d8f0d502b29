"""Routers, real ones in network namespaces: the hotline behind one, and a phone behind one."""

import asyncio
import re
import socket
import struct
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from hotline.installation import Installation
from hotline.set_up import prepare
from hotline.settings import Settings
from simulator.ears import amplitude
from tests.e2e.bad_calls.wire import RudePhone, Wire
from tests.e2e.stage import Stage, until
from tests.e2e.trunks.namespaces import INSIDE, OUTSIDE, ROUTER, Router, given_router, within

SIP, FIRST, LAST = 5060, 12000, 12019
TONE = 440


@asynccontextmanager
async def given_hotline(
    namespace: str, address: str, **settings: Any
) -> AsyncIterator[Installation]:
    """Asterisk alone, in a namespace; asked through its control socket, which is no network."""
    with tempfile.TemporaryDirectory(prefix="hotline-test-") as base:
        place = Installation(
            Settings(
                data_dir=Path(base) / "data", sip_address=address, sip_port=SIP, rtp_first=FIRST,
                rtp_last=LAST, **settings,
            )
        )  # fmt: skip
        await prepare(place)
        try:
            with within(namespace):
                place.asterisk.start()
            await place.asterisk.ready()
            yield place
        finally:
            await place.asterisk.stop()


@asynccontextmanager
async def given_phone(namespace: str, address: str, hotline: str) -> AsyncIterator["NatPhone"]:
    """A telephone with a socket for SIP and one, a port higher, for sound."""
    loop = asyncio.get_running_loop()
    transports, wires = [], []
    for port in (40000, 40001):
        with within(namespace):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((address, port))
        transport, wire = await loop.create_datagram_endpoint(Wire, sock=sock)
        transports.append(transport)
        wires.append(wire)
    try:
        yield NatPhone(wires[0], wires[1], address, hotline)
    finally:
        for transport in transports:
            transport.close()


class NatPhone(RudePhone):
    """Says what a polite phone says, and speaks a tone."""

    def __init__(self, wire: Wire, sound: Wire, address: str, hotline: str) -> None:
        told = SimpleNamespace(sip_address=hotline, sip_port=SIP, number="12345")
        super().__init__(cast(Stage, SimpleNamespace(settings=told)), wire, address, 40000)
        self.sound = sound

    async def speak(self, to: tuple[str, int], seconds: float = 2.0) -> None:
        """A-law packets of 20 ms, as far as there is a way."""
        step = np.arange(int(seconds * 8000))
        wave = (8000 * np.sin(2 * np.pi * TONE * step / 8000)).astype(np.int16)
        told = alaw(wave)
        for number in range(len(told) // 160):
            head = struct.pack("!BBHII", 0x80, 8, number, number * 160, 7)
            self.sound.transport.sendto(head + told[number * 160 : (number + 1) * 160], to)
            await asyncio.sleep(0.02)  # sound takes its time


def alaw(samples: "np.ndarray[Any, np.dtype[np.int16]]") -> bytes:
    """By libsndfile, as raw bytes."""
    with tempfile.NamedTemporaryFile(suffix=".raw") as file:
        soundfile.write(file.name, samples, 8000, format="RAW", subtype="ALAW")
        return Path(file.name).read_bytes()


def said(answer: bytes, pattern: bytes) -> str:
    found = re.search(pattern, answer)
    assert found, answer
    return found[1].decode()


@pytest.mark.parametrize("public_address", [ROUTER, ""])
async def test_a_hotline_behind_a_router_is_heard_only_under_its_public_address(
    public_address: str,
) -> None:
    """
    setting         | Contact, SDP say | the citizen's voice
    public_address  | the router       | arrives, is recorded, and the greeting is heard
    (none)          | 10.77.0.2        | goes nowhere: silence is recorded
    """
    forwards = (str(SIP), f"{FIRST}-{LAST}")
    with given_router(forwards) as router:
        trunk = {"trunk_host": OUTSIDE, "trunk_port": 40000}
        async with (
            given_hotline(router.inside, INSIDE, public_address=public_address, **trunk) as place,
            given_phone(router.outside, OUTSIDE, ROUTER) as phone,
        ):
            call = phone.call(b"<sip:13800000041@203.0.113.10>")
            call.send(call.invite())
            assert await call.answered() == 200
            call.ack()
            answer = next(d for d in phone.wire.heard if d.startswith(b"SIP/2.0 200"))
            told = public_address or INSIDE
            assert said(answer, rb"(?im)^contact:\s*<sip:[^>]*?([0-9.]+):\d+") == told
            at = said(answer, rb"(?m)^c=IN IP4 (\S+)")
            assert at == told
            port = int(said(answer, rb"(?m)^m=audio (\d+)"))
            await phone.speak((at, port))
            call.bye()
            assert await call.answered("BYE") == 200
            [track] = await until(lambda: list(place.folder.recordings.glob("*/citizen~*.wav")))
            await until(lambda: amplitude_of(track) is not None, 10, "the track closed")
            if public_address:
                assert cast(float, amplitude_of(track)) > 3000
                # The greeting comes back, through the router's own port.
                assert len(phone.sound.heard) > 20
            else:
                assert cast(float, amplitude_of(track)) < 100


def amplitude_of(track: Path) -> float | None:
    """Of the tone in the middle of a closed track."""
    try:
        samples, rate = soundfile.read(track, dtype="int16")
    except soundfile.LibsndfileError:
        return None
    if not len(samples):
        return None
    middle = len(samples) // 2
    return amplitude(samples[middle - rate // 4 : middle + rate // 4], TONE, rate)


FORGETS = 3


@pytest.mark.parametrize("keepalive", [1, 0])
async def test_a_phone_behind_a_forgetful_router_is_rung_where_it_is_asked_now_and_then(
    keepalive: int,
) -> None:
    """The router forgets after 3 s of silence; the phone itself sends nothing meanwhile."""
    with given_router() as router:
        router.forget_after(FORGETS)
        async with (
            given_hotline(
                router.outside, OUTSIDE, phones=["1001"], phone_keepalive_seconds=keepalive
            ) as place,
            given_phone(router.inside, INSIDE, OUTSIDE) as phone,
        ):
            answering = asyncio.create_task(agree_to_options(phone))
            await register(phone, place)
            shown = await place.asterisk.command("pjsip show contacts")
            assert f"1001@{ROUTER}:" in shown, "the contact is where packets come from"
            assert INSIDE not in shown
            await asyncio.sleep(FORGETS * 3)  # the router's forgetting is what is wanted
            await asyncio.to_thread(ring, place, router.outside)
            rung = until(lambda: any(d.startswith(b"INVITE ") for d in phone.wire.heard), 5)
            if keepalive:
                await rung
            else:
                with pytest.raises(AssertionError):
                    await rung
                shown = await place.asterisk.command("core show channels concise")
                assert "PJSIP/1001-" in shown, "it is being rung, in vain"
            answering.cancel()


def ring(place: Installation, namespace: str) -> None:
    """By the manager, from within the namespace: there is no other way to it."""
    with within(namespace):
        link = socket.create_connection(("127.0.0.1", place.settings.ami_port), timeout=10)
    secret = place.secrets.get("ami")
    with link:
        for action in (
            f"Action: Login\r\nUsername: controller\r\nSecret: {secret}\r\n\r\n",
            "Action: Originate\r\nActionID: ring\r\nChannel: PJSIP/1001\r\nContext: goodbye\r\n"
            "Exten: s\r\nPriority: 1\r\nTimeout: 20000\r\nAsync: true\r\n\r\n",
        ):
            link.sendall(action.encode())
        heard = b""
        while b"ActionID: ring" not in heard:
            heard += link.recv(4096)
    assert b"Originate successfully queued" in heard, heard


async def register(phone: NatPhone, place: Installation) -> None:
    """As a phone does, with the password it was given."""
    call = phone.call(b"<sip:1001@203.0.113.10>")
    uri = f"sip:{OUTSIDE}:{SIP}"
    for number in (1, 2):
        extra = b"Expires: 600\r\n"
        if number == 2:
            extra += digest(phone.wire.heard, uri, place.secrets.get("phone-1001"))
        text = call.request("REGISTER", number=number, extra=extra, branch=call.new_branch())
        text = text.replace(f"sip:12345@{OUTSIDE}:{SIP} SIP".encode(), f"{uri} SIP".encode())
        text = text.replace(b"<sip:12345@203.0.113.10>", b"<sip:1001@203.0.113.10>")
        call.send(text.replace(b"<sip:rude@", b"<sip:1001@"))
        await until(lambda: len(call.answers("REGISTER")) >= number)  # noqa: B023
    assert call.answers("REGISTER") == [401, 200]


def digest(heard: list[bytes], uri: str, secret: str) -> bytes:
    """RFC 2617, as phones have it."""
    asked = next(d for d in heard if d.startswith(b"SIP/2.0 401"))
    realm, nonce = (said(asked, rb'%s="([^"]*)"' % word) for word in (b"realm", b"nonce"))
    opaque = re.search(rb'opaque="([^"]*)"', asked)

    def hashed(*parts: str) -> str:
        return md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    ours = hashed("1001", realm, secret)
    answer = hashed(ours, nonce, "00000001", "c0ffee", "auth", hashed("REGISTER", uri))
    more = f', opaque="{opaque[1].decode()}"' if opaque else ""
    return (
        f'Authorization: Digest username="1001", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{answer}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee"{more}\r\n'
    ).encode()


async def agree_to_options(phone: NatPhone) -> None:
    """200 to every sign of life that is asked for."""
    done = 0
    while True:
        asked = [d for d in phone.wire.heard if d.startswith(b"OPTIONS ")]
        for request in asked[done:]:
            phone.call().agree(request)
        done = len(asked)
        await asyncio.sleep(0.05)


def test_nothing_of_a_router_is_left_behind() -> None:
    with given_router((str(SIP),)) as router:
        assert isinstance(router, Router)
        names = {path.name for path in Path("/run/netns").iterdir()}
        assert {router.inside, router.router, router.outside} <= names
    left = {path.name for path in Path("/run/netns").iterdir()}
    assert not {router.inside, router.router, router.outside} & left
