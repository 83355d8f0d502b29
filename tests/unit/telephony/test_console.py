"""A line of Asterisk's console: what is sent, what counts as the answer, and when there is none."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from telephony.asterisk.console import LONGEST_LINE, ask

GREETING = b"host/77/22.10.1\n"


@asynccontextmanager
async def given_console(control: Path, answer: Callable[[bytes], bytes]) -> AsyncIterator[None]:
    """Listens as Asterisk does: a greeting, one line up to its NUL, the answer, the end."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        asked = await reader.readuntil(b"\0")
        writer.write(answer(asked))
        writer.close()

    server = socket.socket(socket.AF_UNIX)
    folder = os.open(control.parent, os.O_PATH)
    server.bind(f"/proc/self/fd/{folder}/{control.name}")
    os.close(folder)
    async with await asyncio.start_unix_server(one, sock=server):
        yield


async def test_the_answer_is_what_lies_between_greeting_and_end(tmp_path: Path) -> None:
    control = tmp_path / "asterisk.ctl"
    async with given_console(control, lambda asked: b"asked: " + asked[:-1] + b"\n\n2 calls\n"):
        assert await ask(control, "core show calls") == (
            "asked: cli quit after core show calls\n\n2 calls\n"
        )


async def test_log_lines_for_consoles_are_no_answer(tmp_path: Path) -> None:
    control = tmp_path / "asterisk.ctl"
    said = b"one\n\x7f    -- a channel is made\ntwo\n\x7fthree"
    async with given_console(control, lambda _: said):
        assert await ask(control, "x") == "one\ntwo\n"


async def test_an_answer_of_nothing_and_one_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    control = tmp_path / "asterisk.ctl"
    async with given_console(control, lambda asked: b"" if b"nothing" in asked else b"\xff\xe4\n"):
        assert await ask(control, "nothing") == ""
        assert await ask(control, "something") == "\ufffd\ufffd\n"


async def test_a_folder_with_a_longer_name_than_a_socket_may_have(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    control = folder / "asterisk.ctl"
    async with given_console(control, lambda _: b"heard\n"):
        assert await ask(control, "x") == "heard\n"


async def test_who_comes_while_two_wait_waits_as_well(tmp_path: Path) -> None:
    control = tmp_path / "asterisk.ctl"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(control))
        server.listen(2)  # as Asterisk's own
        asked = [asyncio.create_task(ask(control, f"line {number}")) for number in range(8)]
        seen = set()
        for _ in range(8):
            peer, _ = await asyncio.to_thread(server.accept)
            with peer:
                peer.sendall(GREETING)
                line = await asyncio.to_thread(peer.recv, 512)
                seen.add(line)
                peer.sendall(line[15:-1] + b"\n")
        assert await asyncio.gather(*asked) == [f"line {number}\n" for number in range(8)]
    assert len(seen) == 8


async def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await ask(tmp_path / "asterisk.ctl", "x")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "left.ctl"))
    with pytest.raises(ConnectionRefusedError):
        await ask(tmp_path / "left.ctl", "x")


async def test_a_line_longer_than_asterisk_reads_is_refused_before_it_is_cut(
    tmp_path: Path,
) -> None:
    room = LONGEST_LINE - len("cli quit after ") - 1
    control = tmp_path / "asterisk.ctl"
    async with given_console(control, lambda asked: str(len(asked)).encode()):
        assert await ask(control, "x" * room) == str(LONGEST_LINE)
        with pytest.raises(ValueError, match="at most 511 bytes, not 512"):
            await ask(control, "x" * (room + 1))
