"""The link and the channel events on a real Asterisk: one small instance, Local channels only.

| leg-c: citizen, named and recorded by [dial_in], waits        |
| leg-o: operator                                               |
| both are moved into one room by one Redirect, then hung up    |
"""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from telephony.ami.actions import (
    ConfbridgeList,
    ConfbridgeListRooms,
    CoreShowChannels,
    CoreStatus,
    Hangup,
    Originate,
    QueueAdd,
    QueueRemove,
    QueueStatus,
    Redirect,
    SetVar,
    Status,
)
from telephony.ami.events import EventReader, OriginateFailed, RoomJoined, TypedEvent
from telephony.ami.link import AmiAddress, AmiLink
from telephony.ami.messages import Accepted, RawEvent, Refused, Unknown
from telephony.asterisk.install import find_asterisk
from telephony.asterisk.node import AsteriskNode, NodeFolder
from telephony.asterisk.ports import free_port
from telephony.cel.events import CEL_DATEFORMAT, CelEvent, cel_custom_mapping
from telephony.cel.file import CelFile, Mark

ROOT = Path(__file__).parents[3] / "var" / "rootfs"
MODULES = (
    "res_timing_timerfd", "pbx_config", "bridge_softmix", "app_confbridge", "app_queue",
    "app_stack", "app_userevent", "app_celgenuserevent", "func_callerid", "func_channel",
    "codec_ulaw", "chan_bridge_media", "res_cdrel_custom", "cel_custom",
    "cel_manager",
)  # fmt: skip
DIALPLAN = """
[dial_in]
exten => s,1,Set(__CALL_ID=${SYSTEMNAME}-${UNIQUEID})
 same => n,Set(CHANNEL(accountcode)=${CALL_ID})
 same => n,Set(CHANNEL(userfield)=citizen)
 same => n,Set(CALLERID(all)="王小明 ""引"",号" <13800000001>)
 same => n,Answer()
 same => n,CELGenUserEvent(CALL,{"matter":1,"words":"a, b"})
 same => n,Wait(60)
[operators]
exten => s,1,Set(CHANNEL(userfield)=operator)
 same => n,Answer()
 same => n,Wait(60)
[wait]
exten => s,1,Wait(60)
[rooms]
exten => s,1,ConfBridge(r1,,quiet)
[flood]
exten => s,1,Answer()
 same => n,Set(i=0)
 same => n(again),CELGenUserEvent(FLOOD,${i})
 same => n,Set(i=$[${i} + 1])
 same => n,GotoIf($[${i} < 5000]?again)
 same => n,Wait(60)
"""


def write_settings(folder: NodeFolder, port: int) -> None:
    inside = folder.inside
    modules = next(folder.program.file("/usr/lib").glob("*/asterisk/modules"))
    root = folder.program.root
    module_dir = modules if root is None else f"/{modules.relative_to(root)}"
    files = {
        "asterisk.conf": f"[directories]\nastetcdir => {inside}/etc\nastmoddir => {module_dir}\n"
        f"astvarlibdir => {inside}/db\nastdbdir => {inside}/db\nastkeydir => {inside}/keys\n"
        f"astdatadir => /usr/share/asterisk\nastspooldir => {inside}/spool\n"
        f"astrundir => {inside}/run\nastlogdir => {inside}/log\n[options]\nsystemname = pbx\n",
        "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {m}\n" for m in MODULES),
        "manager.conf": "[general]\nenabled = yes\nbindaddr = 127.0.0.1\ntimestampevents = yes\n"
        f"port = {port}\n[controller]\nsecret = s3cret\nread = call,agent,reporting,user\n"
        "write = call,agent,reporting,originate,user\nwritetimeout = 5000\n"
        "eventfilter(action(exclude),name(VarSet)) =\n"
        "eventfilter(action(exclude),name(Newexten)) =\n",
        "cel.conf": "[general]\nenable = yes\nevents = CHAN_START,CHAN_END,ANSWER,"
        f"HANGUP,BRIDGE_ENTER,BRIDGE_EXIT,USER_DEFINED,LINKEDID_END\ndateformat = {CEL_DATEFORMAT}"
        "\n[manager]\nenabled = yes\nshow_user_defined = yes\n",
        "cel_custom.conf": f"[mappings]\ncel.csv => {cel_custom_mapping()}\n",
        "extensions.conf": DIALPLAN,
        "confbridge.conf": "[quiet]\ntype = user\nquiet = yes\n",
        "queues.conf": "[hotline]\nstrategy = rrmemory\n",
        "logger.conf": "[logfiles]\nconsole => notice,warning,error\n",
    }
    for name, text in files.items():
        folder.write(folder.etc / name, text)


GOOD = "s3cret"


class Watch:
    """The link, and everything that arrived on it as typed events."""

    def __init__(self, port: int, secret: str = GOOD) -> None:
        self.reader = EventReader()
        self.seen: list[TypedEvent] = []
        self.ups = 0
        self._changed = asyncio.Event()
        address = AmiAddress("127.0.0.1", port, "controller", secret)
        self.link = AmiLink(address, self._event, self._up, self._changed.set)

    def _event(self, raw: RawEvent) -> None:
        if (event := self.reader.read_event(raw)) is not None:
            self.seen.append(event)
        self._changed.set()

    def _up(self) -> None:
        self.ups += 1
        self._changed.set()

    async def until(self, holds: Callable[[], bool], within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            while not holds():
                self._changed.clear()
                # Counters change without an event: look again now and then.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.05)

    def cel(self) -> list[CelEvent]:
        return [event for event in self.seen if isinstance(event, CelEvent)]

    def ended(self, channel_id: str) -> bool:
        return any(e.name == "CHAN_END" and e.unique_id == channel_id for e in self.cel())


@asynccontextmanager
async def watching(watch: Watch) -> AsyncIterator[Watch]:
    owner = asyncio.create_task(watch.link.run(), name="ami link")
    try:
        yield watch
    finally:
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)


@pytest.fixture
async def asterisk(tmp_path: Path) -> AsyncIterator[tuple[AsteriskNode, int]]:
    folder = NodeFolder(find_asterisk(ROOT), tmp_path / "node")
    folder.make()
    port = free_port(kind=socket.SOCK_STREAM)
    write_settings(folder, port)
    node = AsteriskNode(folder)
    node.start()
    try:
        await node.ready()
        yield node, port
    finally:
        await node.stop()


def ring(leg: str, context: str) -> Originate:
    return Originate(channel=f"Local/s@{context}", channel_id=leg, context="wait",
                     account="pbx-77")  # fmt: skip


async def test_a_three_way_move_and_both_records_of_it(asterisk: tuple[AsteriskNode, int]) -> None:
    node, port = asterisk
    async with watching(Watch(port)) as watch:
        link = watch.link
        await watch.until(lambda: link.is_up)
        assert isinstance(await link.send(CoreStatus()), Accepted)
        assert await link.listing(ConfbridgeListRooms()) == []
        assert await link.listing(ConfbridgeList("r1")) == []
        assert await link.listing(CoreShowChannels()) == []
        assert isinstance(await link.send(Hangup("nobody")), Refused)
        assert isinstance(await link.send(QueueAdd("hotline", "Local/1@x", "1001")), Accepted)
        members = await link.listing(QueueStatus("hotline"))
        assert isinstance(members, list)
        assert [m.get("Name") for m in members if m.name == "QueueMember"] == ["1001"]
        assert isinstance(await link.send(QueueRemove("hotline", "Local/1@x")), Accepted)

        assert isinstance(await link.send(ring("leg-x", "nowhere")), Accepted)
        await watch.until(lambda: any(isinstance(e, OriginateFailed) for e in watch.seen))

        for leg, context in (("leg-c", "dial_in"), ("leg-o", "operators")):
            assert isinstance(await link.send(ring(leg, context)), Accepted)
        await watch.until(lambda: sum(e.name == "ANSWER" for e in watch.cel()) >= 4)
        await watch.until(lambda: any(e.moment == "CALL" for e in watch.cel()))
        channels = await link.listing(Status(("CALL_ID", "ROLE")))
        assert isinstance(channels, list)
        calls = {c.get("Uniqueid"): c.variables().get("CALL_ID") for c in channels}
        assert calls["leg-c;2"] == "pbx-leg-c;2"
        names = {c.get("Uniqueid"): c.get("Channel") for c in channels}
        first, second = names["leg-c;2"], names["leg-o;2"]
        assert isinstance(await link.send(SetVar(first, "CHANNEL(userfield)", "leader")), Accepted)
        move = Redirect(first, "rooms", extra_channel=second)
        assert isinstance(await link.send(move), Accepted)
        await watch.until(lambda: sum(isinstance(e, RoomJoined) for e in watch.seen) == 2)
        people = await link.listing(ConfbridgeList("r1"))
        assert isinstance(people, list)
        assert len(people) == 2
        for name in (first, second):
            assert isinstance(await link.send(Hangup(name)), Accepted)
        await watch.until(lambda: watch.ended("leg-c;2") and watch.ended("leg-o;2"))
        await watch.until(lambda: watch.ended("leg-c") and watch.ended("leg-o"))
        assert watch.reader.malformed.total() == 0

    lines, _ = CelFile(node.folder.cel_file).read_from(Mark())
    heard = [event.key for event in watch.cel()]
    assert [event.key for event in lines][: len(heard)] == heard
    roles = {e.unique_id: (e.call_id, e.role) for e in lines if e.name == "CHAN_END"}
    assert roles["leg-c;2"] == ("pbx-leg-c;2", "leader")
    assert roles["leg-o;2"] == ("pbx-77", "operator")
    call = next(e for e in lines if e.moment == "CALL")
    assert call.extra == {"matter": 1, "words": "a, b"}
    assert (call.caller_number, call.caller_name[:3]) == ("13800000001", "王小明")


async def test_kill_and_restart_and_a_wrong_password(asterisk: tuple[AsteriskNode, int]) -> None:
    node, port = asterisk
    async with watching(Watch(port)) as watch, watching(Watch(port, "wrong")) as stranger:
        await watch.until(lambda: watch.link.is_up)
        await stranger.until(lambda: stranger.link.counters.refused_logins >= 1)
        assert not stranger.link.is_up
        assert isinstance(await watch.link.send(ring("leg-c", "dial_in")), Accepted)
        await watch.until(lambda: any(e.moment == "CALL" for e in watch.cel()))
        node.kill()
        await watch.until(lambda: not watch.link.is_up)
        assert isinstance(await watch.link.send(CoreStatus()), Refused | Unknown)
        node.start()
        await node.ready()
        await watch.until(lambda: watch.ups == 2 and watch.link.is_up)
        # Nothing was asked again: the new Asterisk has no channel.
        assert await watch.link.listing(CoreShowChannels()) == []
    lines, _ = CelFile(node.folder.cel_file).read_from(Mark())
    assert any(event.moment == "CALL" for event in lines)


async def test_5000_events_at_once_all_arrive(asterisk: tuple[AsteriskNode, int]) -> None:
    node, port = asterisk

    def floods(events: list[CelEvent]) -> list[CelEvent]:
        return [event for event in events if event.user_type == "FLOOD"]

    def is_over() -> bool:
        last = watch.seen[-1] if watch.seen else None
        return isinstance(last, CelEvent) and last.extra == {"text": "4999"}

    watch = Watch(port)
    async with watching(watch):
        await watch.until(lambda: watch.link.is_up)
        before = resource.getrusage(resource.RUSAGE_SELF)
        assert isinstance(await watch.link.send(ring("leg-f", "flood")), Accepted)
        await watch.until(is_over, within=30)
        after = resource.getrusage(resource.RUSAGE_SELF)
        assert watch.ups == 1
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = floods(CelFile(node.folder.cel_file).read_from(Mark())[0])
    assert [event.key for event in lines] == [event.key for event in floods(watch.cel())]
    assert len({event.key for event in lines}) == 5000
    assert used / 5000 < 0.002, "the link costs too much per event"
