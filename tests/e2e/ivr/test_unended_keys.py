"""Keys by RFC 4733 whose end never comes hold nobody: they count as pressed, or as not pressed."""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest

from tests.e2e.bad_calls.wire import RudePhone, rude_phone
from tests.e2e.ivr.scenes import in_flow, seconds_between
from tests.e2e.ivr.test_questions import reached_queue
from tests.e2e.stage import given_stage

EVENT, ALAW = 101, 8
STEP = 160  # samples in 20 ms
SILENCE = b"\xd5" * STEP


class Sender(asyncio.DatagramProtocol):
    """A telephone's sound: one packet each 20 ms, keys as named events in between."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._sequence = self._stamp = 1000

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def send(self, kind: int, payload: bytes, *, stamp: int, marker: bool = False) -> None:
        head = struct.pack("!BBHII", 0x80, (marker << 7) | kind, self._sequence, stamp, 0x12345)
        self._sequence += 1
        self._transport.sendto(head + payload, self._to)

    async def sound(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.send(ALAW, SILENCE, stamp=self._stamp)
            await self._tick()

    async def key(self, digit: int, seconds: float, *, ends: bool) -> None:
        """The key goes down; its end is told three times, or never."""
        began, held = self._stamp, 0
        for number in range(round(seconds / 0.02)):
            held += STEP
            self.send(EVENT, _event(digit, held, False), stamp=began, marker=not number)
            await self._tick()
        for _ in range(3 if ends else 0):
            self.send(EVENT, _event(digit, held, True), stamp=began)

    async def _tick(self) -> None:
        self._stamp += STEP
        await asyncio.sleep(0.02)


def _event(digit: int, held: int, end: bool) -> bytes:
    return struct.pack("!BBH", digit, (end << 7) | 10, min(held, 0xFFFF))


@asynccontextmanager
async def talking(phone: RudePhone) -> AsyncIterator[Sender]:
    """An answered call and the sound it sends, from the port that its INVITE named."""
    call = phone.call()
    call.send(call.invite())
    assert await call.answered() == 200
    call.ack()
    answer = next(data for data in phone.wire.heard if data.startswith(b"SIP/2.0 200"))
    found = re.search(rb"m=audio (\d+)", answer)
    assert found
    to = (phone.hotline[0], int(found[1]))
    transport, sender = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Sender(to), local_addr=(phone.address, phone.port + 1)
    )
    try:
        yield sender
    finally:
        call.bye()
        with suppress(AssertionError):
            await call.answered("BYE", within=5)
        transport.close()


async def and_no_packet_more(sender: Sender) -> None:
    """The line goes dead in the middle of a key."""
    await sender.key(9, 0.2, ends=False)


async def and_then_sound(sender: Sender) -> None:
    """All three packets that tell the end are lost."""
    await sender.key(9, 0.2, ends=False)
    await sender.sound(30)


async def and_is_held_on(sender: Sender) -> None:
    """Somebody leans on the key."""
    await sender.key(9, 30, ends=False)


@pytest.mark.parametrize("how", [and_no_packet_more, and_then_sound, and_is_held_on])
@pytest.mark.parametrize("before", [0.0, 0.5, 3.0])
async def test_a_key_whose_end_never_comes_holds_nobody(
    how: Callable[[Sender], Coroutine[Any, Any, None]], before: float
) -> None:
    """The notice takes 5.5 s; a little later the caller is led on, and in the end to the queue.

    Where sound follows, Asterisk ends the key by itself and the flow does what 9 asks for: it
    says the list of keys. Where nothing or more of the key follows, no key was pressed.
    """

    async def story(sender: Sender) -> None:
        await sender.sound(before)
        await how(sender)

    async with given_stage(notice="whole", controller="none") as stage:
        async with rude_phone(stage) as phone, talking(phone) as sender, sending(story(sender)):
            await reached_queue(stage)
        await stage.start_controller()
        await in_flow(stage, "flow_node_entered", node="person")
        [notice, following, *_] = await stage.facts("flow_node_entered")
        assert notice.data["node"] == "notice"
        pressed = bool(await stage.facts("flow_key_pressed"))
        assert following.data["node"] == ("key_list" if pressed else "person")
        assert pressed == (how is and_then_sound)
        assert seconds_between(notice.at, following.at) < 7


async def test_the_next_key_after_one_without_an_end_is_heard() -> None:
    """Also the counter-proof: packets made here are keys to Asterisk."""
    async with given_stage(notice="whole") as stage:
        async with rude_phone(stage) as phone, talking(phone) as sender:
            await sender.sound(0.3)
            await sender.key(9, 0.2, ends=False)
            await sender.sound(0.4)
            await sender.key(1, 0.16, ends=True)
            async with sending(sender.sound(30)):
                pressed = await in_flow(stage, "flow_key_pressed")
                told = {row.data["node"] for row in await stage.facts("flow_node_entered")}
        # Asterisk ends the lost key by itself, or leaves it out; the caller pressed both.
        assert pressed.data["node"] == "notice" and pressed.data["key"] in ("9", "1")
        assert told <= {"notice", "emergency", "emergency_said", "key_list"}


@asynccontextmanager
async def sending(packets: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The phone goes on sending for as long as the block lasts."""
    task = asyncio.create_task(packets)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
