"""The link against a scripted manager: one test for each thing that goes wrong on real ones."""

import asyncio
import time
from itertools import pairwise

import pytest

from telephony.ami.actions import (
    ConfbridgeList,
    CoreStatus,
    Originate,
    QueueAdd,
    QueueStatus,
    Redirect,
    SetVar,
)  # fmt: skip
from telephony.ami.messages import Accepted, RawEvent, Refused, Unknown
from tests.unit.telephony.ami.peer import Talk, playing

RING = Originate(channel="PJSIP/6101", channel_id="leg-9", context="liaison")
MOVE = Redirect("PJSIP/1", "room", extra_channel="PJSIP/2")


async def quiet(talk: Talk) -> None:
    await talk.let_in()
    await talk.stay()


async def test_an_unanswered_originate_is_not_sent_again_after_reconnect() -> None:
    heard: list[str] = []

    async def dies_on_the_action(talk: Talk) -> None:
        await talk.let_in()
        heard.append((await talk.hear_but_pings())["Action"])

    async def comes_back(talk: Talk) -> None:
        await talk.let_in()
        await talk.say("Event: FullyBooted", "Status: Fully Booted")
        while True:
            action = await talk.hear_but_pings()
            heard.append(action["Action"])
            await talk.answer(action)

    async with playing(dies_on_the_action, comes_back) as scene:
        await scene.until(lambda: scene.ups == 1)
        assert isinstance(await scene.link.send(RING), Unknown)
        await scene.until(lambda: scene.ups == 2 and len(scene.seen) == 1)
        assert isinstance(await scene.link.send(CoreStatus()), Accepted)
    assert heard == ["Originate", "CoreStatus"]


async def test_every_action_has_a_deadline_and_a_late_reply_is_only_counted() -> None:
    async def answers_late(talk: Talk) -> None:
        await talk.let_in()
        first = await talk.hear_but_pings()
        second = await talk.hear_but_pings()
        await talk.answer(first)
        await talk.answer(second)
        await talk.stay()

    async with playing(answers_late) as scene:
        await scene.until(lambda: scene.ups == 1)
        outcome = await scene.link.send(MOVE, deadline=0.05)
        assert outcome == Unknown("no answer within 0.05 s")
        assert isinstance(await scene.link.send(CoreStatus()), Accepted)
        assert scene.link.counters.late_replies == 1


@pytest.mark.parametrize(
    "bad", ["x\r\nAction: Logoff", "x\n", "a\0b", "王小明", "\x1b[0m", "y" * 901]
)
async def test_a_value_that_could_break_out_of_its_line_is_never_sent(bad: str) -> None:
    heard: list[str] = []

    async def listens(talk: Talk) -> None:
        await talk.let_in()
        while True:
            action = await talk.hear_but_pings()
            heard.append(action["Action"])
            await talk.answer(action)

    async with playing(listens) as scene:
        await scene.until(lambda: scene.ups == 1)
        with pytest.raises(ValueError, match="Value"):
            await scene.link.send(SetVar("PJSIP/1", "NOTE", bad))
        with pytest.raises(ValueError, match="Conference"):
            await scene.link.listing(ConfbridgeList(bad))
        await scene.link.send(CoreStatus())
    assert heard == ["CoreStatus"]


async def test_a_name_split_between_segments_keeps_every_character() -> None:
    message = "Event: CEL\r\nCallerIDname: 王小明\r\n\r\n".encode()

    async def drips(talk: Talk) -> None:
        await talk.let_in()
        for position in range(len(message)):
            talk.writer.write(message[position : position + 1])
            await talk.writer.drain()
            await asyncio.sleep(0)
        await talk.stay()

    async with playing(drips) as scene:
        await scene.until(lambda: len(scene.seen) == 1)
        assert scene.seen[0].get("CallerIDname") == "王小明"


async def test_originate_is_always_async_and_its_outcome_comes_as_an_event() -> None:
    async def rings(talk: Talk) -> None:
        await talk.let_in()
        action = await talk.hear_but_pings()
        assert action["Async"] == "true"
        await talk.answer(action, "Response: Success", "Message: Originate successfully queued")
        await talk.answer(action, "Event: OriginateResponse", "Response: Failure", "Reason: 5",
                          "Channel: PJSIP/6101")  # fmt: skip
        await talk.stay()

    async with playing(rings) as scene:
        await scene.until(lambda: scene.ups == 1)
        assert isinstance(await scene.link.send(RING), Accepted)
        await scene.until(lambda: [event.name for event in scene.seen] == ["OriginateResponse"])


async def test_a_list_that_is_refused_does_not_hang() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.let_in()
        for message in ("No active conferences.", "Permission denied"):
            await talk.answer(await talk.hear_but_pings(), "Response: Error", f"Message: {message}")
        await talk.stay()

    async with playing(refuses) as scene:
        await scene.until(lambda: scene.ups == 1)
        assert await scene.link.listing(ConfbridgeList("r1")) == []
        assert await scene.link.listing(ConfbridgeList("r1")) == Refused("Permission denied")


async def test_a_list_is_whole_or_unknown_and_keeps_its_items_apart_from_events() -> None:
    async def lists(talk: Talk) -> None:
        await talk.let_in()
        action = await talk.hear_but_pings()
        await talk.answer(action, "Response: Success", "EventList: start")
        await talk.answer(action, "Event: QueueMember", "Name: 1001")
        await talk.say("Event: DeviceStateChange", "Device: PJSIP/1001")
        await talk.answer(action, "Event: QueueMember", "Name: 1002")
        await talk.answer(action, "Event: QueueStatusComplete", "EventList: Complete")
        action = await talk.hear_but_pings()
        await talk.answer(action, "Response: Success", "EventList: start")
        await talk.answer(action, "Event: QueueMember", "Name: 1001")
        await talk.stay()

    async with playing(lists) as scene:
        await scene.until(lambda: scene.ups == 1)
        members = await scene.link.listing(QueueStatus("hotline"))
        assert isinstance(members, list)
        assert [member.get("Name") for member in members] == ["1001", "1002"]
        assert [event.name for event in scene.seen] == ["DeviceStateChange"]
        assert isinstance(await scene.link.listing(QueueStatus(), deadline=0.1), Unknown)


async def test_queue_add_is_answered_by_its_single_reply() -> None:
    async def adds(talk: Talk) -> None:
        await talk.let_in()
        action = await talk.hear_but_pings()
        await talk.answer(action, "Response: Success", "Message: Added interface to queue")
        await talk.stay()

    async with playing(adds) as scene:
        await scene.until(lambda: scene.ups == 1)
        outcome = await scene.link.send(QueueAdd("hotline", "PJSIP/1001", "1001"))
        assert isinstance(outcome, Accepted)


async def test_a_half_open_link_is_noticed_and_replaced() -> None:
    async def falls_silent(talk: Talk) -> None:
        await talk.let_in()
        while await talk.reader.read(4096):
            pass

    async with playing(falls_silent, quiet, deadline=0.2, probe_every=0.1) as scene:
        await scene.until(lambda: scene.downs == 1 and scene.ups == 2)


def test_the_usual_times_notice_a_half_open_link_within_5_s() -> None:
    import inspect

    from telephony.ami.link import AmiLink

    usual = inspect.signature(AmiLink).parameters
    assert usual["deadline"].default + usual["probe_every"].default < 5


async def test_a_refused_login_is_its_own_error_and_is_tried_ever_more_slowly() -> None:
    times: list[float] = []

    async def refuses(talk: Talk) -> None:
        times.append(time.monotonic())
        talk.writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        await talk.answer(await talk.hear(), "Response: Error", "Message: Authentication failed")

    async with playing(refuses) as scene:
        await scene.until(lambda: scene.visits == 4)
        assert scene.link.counters.refused_logins >= 3
        assert (scene.ups, scene.link.is_up) == (0, False)
        assert await scene.link.send(CoreStatus()) == Refused("no link to Asterisk")
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= 0.19
    assert pauses[2] >= 0.79


async def test_a_handler_that_raises_costs_neither_the_link_nor_the_next_event() -> None:
    def fails(event: RawEvent) -> None:
        if event.get("N") == "0":
            raise KeyError("Channel")

    async def speaks(talk: Talk) -> None:
        await talk.let_in()
        for number in range(3):
            await talk.say("Event: Hello", f"N: {number}")
        await talk.stay()

    async with playing(speaks, on_event=fails) as scene:
        await scene.until(lambda: len(scene.seen) == 3)
        assert (scene.link.counters.handler_errors, scene.downs) == (1, 0)


async def test_events_come_in_order_and_none_before_up() -> None:
    order: list[str] = []

    async def hurries(talk: Talk) -> None:
        action = await talk.hear()
        # One segment: the login's answer and events behind it.
        text = f"Response: Success\r\nActionID: {action['ActionID']}\r\n\r\n"
        text += "".join(f"Event: Hello\r\nN: {number}\r\n\r\n" for number in range(500))
        talk.writer.write(text.encode())
        await talk.stay()

    async with playing(hurries, on_event=lambda event: order.append(event.get("N"))) as scene:
        scene.link._on_up = lambda: order.append("up")
        await scene.until(lambda: len(scene.seen) == 500)
    assert order == ["up", *map(str, range(500))]


async def test_connect_and_close_and_garbage_do_not_stop_the_link() -> None:
    async def closes(talk: Talk) -> None:
        return

    async def rubbish(talk: Talk) -> None:
        talk.writer.write(b"\xff\xfe\0\r\n\r\n\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n")
        await talk.stay()

    async with playing(closes, rubbish, quiet, deadline=0.2) as scene:
        await scene.until(lambda: scene.ups == 1)
        assert scene.link.is_up
