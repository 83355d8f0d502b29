"""What a stranger may write into a name or a number: it is text, and nothing else happens."""

import asyncio
import csv
import io
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest

from store.journal import JournalRow
from telephony.cel.events import CEL_COLUMNS
from tests.e2e.bad_calls.scenes import nothing_is_left, the_next_call_goes_well
from tests.e2e.bad_calls.sipp import call_as
from tests.e2e.bad_calls.wire import RudeCall, rude_phone
from tests.e2e.stage import SeenCall, Stage, given_stage, until

MARK = "/tmp/hotline-was-run"
FORGED_END = (
    b'x"\n"HANGUP","1795563735.170969","","","","s","dial_in","","","","","","pbx-1.0",'
    b'"pbx-1.0","",""\n'
)
FORGED_LIST = (
    b"1\r\nActionID: h3\r\n\r\nEvent: StatusComplete\r\nActionID: h3\r\nEventList: Complete\r\n"
    b"Items: 0\r\n\r\nEvent: x\r\nY: "
)


def at(user: bytes) -> bytes:
    """An address with this user part, escaped as SIP allows: the hotline reads the bytes."""
    return b"<sip:" + quote_from_bytes(user, safe="").encode() + b"@127.0.0.2>"


# name → what stands in From
HOSTILE = {
    "sql": b'"Robert\'); DROP TABLE call;--" ' + at(b"1380'); DROP TABLE call;--"),
    "quoted sql": b'"a\\"; DROP TABLE call;--" ' + at(b'"; DROP TABLE call;--'),
    "dialplan": b'"${SHELL(touch x)}" ' + at(f"${{SHELL(touch {MARK})}}".encode()),
    "dialplan system": b'"x" ' + at(f"$[${{SYSTEM(touch {MARK})}} > 0]".encode()),
    "dialplan comma": b'"a,b|c&d" ' + at(b"1),System(touch x),(&Hangup(16)|x"),
    "manager action": b'"x" ' + at(b"138\r\nAction: Originate\r\nChannel: PJSIP/6101@trunk\r\n"
                                   b"Application: Wait\r\nData: 9\r\n\r\n"),
    "manager list": b'"x" ' + at(FORGED_LIST),
    "header fold": b'"x\r\n Action: Originate" ' + at(b"13800000071"),
    "event file": b'"x" ' + at(FORGED_END),
    "event file name": b'"a\\",\\"HANGUP\\",\\"1795563735.170969" ' + at(b"13800000072"),
    "long": b'"' + b"N" * 300 + b'" ' + at(b"9" * 300),
    "path": b'"../../../etc/passwd" ' + at(b"../../../../tmp/x"),
    "no utf-8": b'"\xff\xfe\xe4\xb8" ' + at(b"\xff\xfe\xe4\xb8"),
    "nul": b'"x" ' + at(b"138\x00000"),
    "chinese": "\"王小明 👋\" ".encode() + at("王小明".encode()),
    "control": b'"\x1b[2J\x07" ' + at(b"\x1b[2J\x07\x7f"),
    "html": b'"<script>alert(1)</script>" ' + at(b"<script>alert(1)</script>"),
    "tilde": b'"x" ' + at(b"citizen~0000000000000~x~said.wav"),
}  # fmt: skip


async def test_hostile_names_and_numbers_are_text_everywhere(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """
    event                                       | manager, dialplan, event file, tables, logs
    every hostile caller at once is answered    | one row and one leg each
    the controller loses its link and is back   | finds every one of them alive
    each hangs up                               | ends as itself, none before
    """
    await asyncio.to_thread(Path(MARK).unlink, missing_ok=True)
    async with given_stage() as stage, stage.desk():
        async with rude_phone(stage) as phone:
            calls = {name: phone.call(caller) for name, caller in HOSTILE.items()}
            for call in calls.values():
                call.send(call.invite())
            # SIP's own parser may refuse a few, with an answer or by silence.
            await until(lambda: answers(calls) >= len(HOSTILE) - 3, 15, "answers")
            await until(lambda: settled(calls), 15, "final answers")
            codes = {name: (call.answers("INVITE") or [0])[-1] for name, call in calls.items()}
            answered = [call for name, call in calls.items() if codes[name] == 200]
            assert len(answered) >= len(HOSTILE) - 3, codes
            for call in answered:
                call.ack()
            await until(lambda: rows(stage, len(answered), "live"), 20, "all calls known")

            await stage.stop_controller()
            await stage.start_controller()
            again = (await until(lambda: starts(stage, 2), 10, "reconciled"))[-1].data
            assert (again["calls"], again["ended"]) == (len(answered), 0)
            channels = await stage.pbx.command("core show channels count")
            assert f"{len(answered)} active channels" in channels
            assert await stage.facts("call_ended") == []

            for call in answered:
                call.bye()
        await until(lambda: rows(stage, len(answered), "ended"), 20, "all calls ended")
        await nothing_is_left(stage)
        await stage.until_tickets(len(answered))
        for person in (stage.city.liaison, stage.city.operator):
            assert person.times_rung == 0
        nothing_was_done(stage, await stage.calls(), capfd.readouterr().out)
        await the_next_call_goes_well(stage)


def nothing_was_done(stage: Stage, calls: list[SeenCall], log: str) -> None:
    """No file, no torn event, no broken log line, no name that could act."""
    root = stage.installation.folder.program.root
    assert not Path(MARK).exists()
    assert root is None or not (root / MARK.lstrip("/")).exists()
    for seen in calls:
        number = seen.row.caller_number or ""
        assert number.isprintable() and len(number) <= 40, number
    events = stage.installation.folder.cel_file.read_bytes().replace(b"\0", b"")
    columns = {len(row) for row in csv.reader(io.StringIO(events.decode("utf-8", "replace")))}
    assert columns == {len(CEL_COLUMNS)}
    for word in ("Action:", "DROP TABLE", "SHELL", "script", "王小明", "cel_record_skipped"):
        assert word not in log
    for folder in stage.settings.archive.rglob("*"):
        assert folder.name.isascii() and ".." not in folder.name


def answers(calls: dict[str, RudeCall]) -> int:
    return sum(bool(call.answers("INVITE")) for call in calls.values())


def settled(calls: dict[str, RudeCall]) -> bool:
    """Nobody who was answered at all is still waiting for the end of it."""
    said = [call.answers("INVITE") for call in calls.values()]
    return all(codes[-1] >= 200 for codes in said if codes)


async def starts(stage: Stage, count: int) -> list[JournalRow]:
    found = await stage.facts("controller_started")
    return found if len(found) >= count else []


async def rows(stage: Stage, count: int, stage_name: str) -> bool:
    calls = await stage.calls()
    return len(calls) == count and all(call.row.stage == stage_name for call in calls)


async def test_a_withheld_number_is_served_and_stays_withheld() -> None:
    """From: anonymous, the true number only in P-Asserted-Identity, Privacy: id."""
    async with given_stage() as stage, stage.desk():
        told = await call_as(stage, "withheld")
        assert told.as_told, told
        call = await stage.until_call(lambda seen: seen.row.stage == "ended")
        assert call.row.caller_number is None
        [ticket] = await stage.until_tickets(1)
        assert ticket.caller_number is None
        assert "13800000062" not in await stage.story()
        assert "13800000062" not in stage.installation.folder.cel_file.read_text("utf-8")
        await the_next_call_goes_well(stage)
