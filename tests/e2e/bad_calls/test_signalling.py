"""Bad signalling: no common codec, garbage, liars, repeaters, strangers, and calls of no length."""

import random

import pytest

from simulator.carrier import CARRIER_ADDRESS
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.sipp import STRANGER, call_as
from tests.e2e.bad_calls.wire import RudeCall, rude_phone, until_said
from tests.e2e.scenes import given_bridged_call, hears, pass_of
from tests.e2e.stage import Stage, given_stage, until


async def test_no_common_codec_is_refused_with_488_and_leaves_nothing() -> None:
    async with given_stage() as stage:
        told = await call_as(stage, "no_common_codec", calls=5)
        assert told.as_told, told
        await nothing_is_left(stage)
        assert await stage.calls() == []
        await the_next_call_goes_well(stage)


def malformed(call: RudeCall) -> list[bytes]:
    """Datagrams that are no SIP, or nearly."""
    invite = call.invite()
    noise = random.Random(12345)
    return [
        b"", b"\0" * 64, b"\r\n\r\n" * 50, bytes(noise.randbytes(1400)), invite[:60],
        invite.replace(b"SIP/2.0", b"SIP/9.9"), invite.replace(b"CSeq: 1 INVITE", b"CSeq: x y"),
        invite.replace(b"Via:", b"Vla:"), invite.replace(b"Call-ID:", b"Call-ID"),
        invite.replace(b"Max-Forwards: 70", b"Max-Forwards: 0"),
        invite.replace(b"CSeq: 1 INVITE", b"CSeq: 99999999999999999999 INVITE"),
        invite.replace(b"m=audio", b"m=\xff\xfe\0audio"),
        invite.replace(b"v=0", b"v=" + b"9" * 400),
        invite.replace(b"Max-Forwards", b"X-Long: " + b"a" * 40_000 + b"\r\nMax-Forwards"),
        invite.replace(b"Max-Forwards", b"X-Many: a\r\n" * 400 + b"Max-Forwards"),
        call.invite(length=99_999), call.invite(length=-1), call.invite(length=3),
        call.request("OPTIONS", body="x" * 60_000), call.request("REGISTER"),
        call.request("SUBSCRIBE"), call.request("BYE"), call.request("CANCEL"),
        call.request("NOSUCHMETHOD"),
        call.request("REFER", extra=b"Refer-To: <sip:1@127.0.0.9>\r\n"),
    ]  # fmt: skip


async def test_malformed_and_oversize_packets_do_not_disturb_a_call() -> None:
    """Garbage from the trunk's own address while two people talk."""
    async with given_stage() as stage:
        await given_bridged_call(stage)
        pid = stage.pbx.pid
        async with rude_phone(stage) as phone:
            calls = [phone.call() for _ in malformed(phone.call())]
            for number, call in enumerate(calls):
                call.send(malformed(call)[number])
            start, end = await pass_of(1.5)
            # What could be read as a call was answered as one; whoever made it leaves again.
            for call in calls:
                if 200 in call.answers("INVITE"):
                    call.ack()
                    call.bye()
            await stage.city.citizen.hang_up()
            await stage.city.operator.until_hung_up()
            assert hears(stage.city.citizen, (start, end)) == {"operator"}
            assert hears(stage.city.operator, (start, end)) == {"citizen"}
            assert stage.pbx.pid == pid
            await nothing_is_left(stage)
        await the_next_call_goes_well(stage)


async def test_an_invite_sent_again_and_again_is_one_call() -> None:
    async with given_stage() as stage:
        async with rude_phone(stage) as phone:
            call = phone.call()
            invite = call.invite()
            for _ in range(20):
                call.send(invite)
            assert await call.answered() == 200
            for _ in range(20):
                call.send(invite)
            call.ack()
            await stage.call()
            call.bye()
            assert await call.answered("BYE") == 200
            for _ in range(5):
                call.bye()
        await nothing_is_left(stage)
        assert len(await stage.calls()) == 1
        await the_next_call_goes_well(stage)


async def test_a_stranger_who_spoofs_the_trunk_reaches_nobody() -> None:
    """Every header says 127.0.0.2; the packets come from elsewhere."""
    async with given_stage() as stage:
        told = await call_as(stage, "spoofed_trunk", calls=5, address=STRANGER)
        assert told.as_told, told
        async with rude_phone(stage, STRANGER) as phone:
            call = phone.call(b"<sip:13800000001@" + CARRIER_ADDRESS.encode() + b">")
            call.send(call.invite())
            assert await call.answered() in (401, 403)
        assert await stage.calls() == []
        security = (stage.installation.folder.log / "security").read_text()
        assert STRANGER in security
        await nothing_is_left(stage)


@pytest.mark.parametrize("scenario", ["zero_length", "reinvite_storm"])
async def test_odd_but_lawful_calls_end_in_order(scenario: str) -> None:
    """A BYE right behind the ACK; thirty re-INVITEs that hold and resume."""
    async with given_stage() as stage, stage.desk():
        told = await call_as(stage, scenario, calls=3)
        assert told.as_told, told
        await until(lambda: _count(stage, 3), 15, "three calls ended")
        await nothing_is_left(stage)
        tickets = await stage.until_tickets(3)
        assert {ticket.kind for ticket in tickets} == {"abandoned"}
        await the_next_call_goes_well(stage)


async def _count(stage: Stage, count: int) -> bool:
    calls = await stage.calls()
    return len(calls) == count and all(call.row.stage == "ended" for call in calls)


async def test_an_answer_nobody_acknowledges_ends_by_itself() -> None:
    """INVITE, 200, and then nothing more from that side: hung up after 32 s by SIP's own clock."""
    async with given_stage() as stage:
        async with rude_phone(stage) as phone:
            call = phone.call()
            call.send(call.invite())
            await until(until_said(call, "INVITE", 200), 10, "200")
            await until(lambda: call.asked("BYE"), 40, "the hotline hangs up")
            call.agree(call.asked("BYE")[0])
            await stage.until_call(lambda seen: seen.row.stage == "ended")
        await nothing_is_left(stage)
